"""What an evaluation found out: curves, confusion matrix, scores, figures."""

from app.views.evaluation.view import EvaluationView

__all__ = ["EvaluationView"]
