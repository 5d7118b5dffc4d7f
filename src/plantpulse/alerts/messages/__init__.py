"""Messages: the words of alerts, apart from the code, one module a language; `compose` writes them. Pure."""
