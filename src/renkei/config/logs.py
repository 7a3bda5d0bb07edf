"""Log lines as JSON: what happened, never what was written or who it is about."""

import logging

import orjson

from renkei.kernel import trace

OURS = "renkei."


class JsonLine(logging.Formatter):
    """One JSON object a line, with the id of the request or the run it belongs to.

    Of an exception only its kind and place, never its words. Values are put into our own
    sentences alone, which take numbers and names of classes; what another library would say of
    its values stays out.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "name": record.name,
            "event": self._event(record),
            "id": trace.current(),
        }
        if record.levelno >= logging.WARNING:
            line["number"] = trace.number(trace.current())
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = self._places(record)
        return orjson.dumps(line).decode()

    def _event(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, str):
            return type(record.msg).__name__
        return record.getMessage() if record.name.startswith(OURS) else record.msg

    def _places(self, record: logging.LogRecord) -> list[str]:
        """File and line of the last steps into the exception."""
        trace = record.exc_info[2] if record.exc_info else None
        places = []
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
            trace = trace.tb_next
        return places[-6:]
