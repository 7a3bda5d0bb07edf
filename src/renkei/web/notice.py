from typing import Any
def new(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def see(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def confirm(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
