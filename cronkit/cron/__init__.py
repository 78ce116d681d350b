"""The cron language: read an expression, ask it when it fires."""
