"""``python -m riskwave.cli``."""

from riskwave.cli import main

if __name__ == "__main__":
    main()
