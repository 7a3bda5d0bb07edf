from typing import Any
def start(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def policy(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def organizations(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def help_now(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def join(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def signed_out(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def forgotten(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def policy_confirm(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
