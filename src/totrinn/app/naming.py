"""What the application is called, where it is the person who is spoken to, whatever organisations they are in.

Account, authenticator and recovery codes are theirs alone, and no organisation names them (rule 12).
"""

from totrinn.app.ports import Services, Unit


def product_name(services: Services, unit: Unit) -> str:
    """The name that the vendor has chosen; else the one in the settings."""
    return unit.faces.of_vendor().name or services.application_name
