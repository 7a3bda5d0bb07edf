from typing import Any
def home(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
def menu(request: Any, **kwargs: Any) -> Any: raise NotImplementedError
