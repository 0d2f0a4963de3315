"""`python -m totrinn` is `totrinn`."""

from totrinn.cli import main

if __name__ == "__main__":
    main()
