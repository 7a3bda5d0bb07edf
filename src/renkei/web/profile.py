from typing import Any
def me(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def photo(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def appearance(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def role(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def face(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
