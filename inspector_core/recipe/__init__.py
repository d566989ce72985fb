"""What was learnt and how, on disk: JSON beside safetensors, written atomically, hashed."""

from inspector_core.recipe.format import Recipe, open_recipe, save, with_thresholds

__all__ = ["Recipe", "open_recipe", "save", "with_thresholds"]
