from typing import Any
def timeline(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def entries(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def confirm(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def send(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def draft(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def read(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def entry(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def understand(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def correct(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def withdraw(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def receipts(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def versions(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
