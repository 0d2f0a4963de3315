"""What can be counted, for Prometheus to read. Nothing of it is loaded unless `TOTRINN_METRICS` is set.

Labels hold words of our own vocabularies, templates of routes and slugs of organisations; never what somebody sent, nor
anything about a person. So there are only so many series, whatever is asked.
"""

from totrinn.metrics.exposing import begin_sharing, exposed, worker_counts

__all__ = ["begin_sharing", "exposed", "worker_counts"]
