"""What there is to do, as home shows it: a module a subject, put in order by ``everything``."""
