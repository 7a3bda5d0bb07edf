"""The program that opens what people send; see ``job``."""
