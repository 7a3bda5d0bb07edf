from typing import Any
def patients(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def register(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def record(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def identity(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def basics(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def consent(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def withdraw_consent(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def open_group(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def consents(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
