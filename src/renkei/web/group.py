from typing import Any
def groups(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def members(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def manage(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def basics(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def edit_basics(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def files(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def leave(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def close(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def release(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def appoint(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
