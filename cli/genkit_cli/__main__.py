"""`python -m genkit_cli` is `genkit`."""

from genkit_cli.main import main

main()
