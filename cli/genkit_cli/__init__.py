"""The command line of genkit. It talks and draws bars; the work is done by the library."""
