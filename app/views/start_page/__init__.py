"""The page of an empty window."""

from app.views.start_page.page import StartPage

__all__ = ["StartPage"]
