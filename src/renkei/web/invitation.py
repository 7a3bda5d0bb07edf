from typing import Any
def invite(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def see(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def approve(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def refuse(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def accept(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def decline(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def take_back(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
