"""Forms made from declared settings: one list, or groups that fold and can be searched."""

from app.views.settings_form.form import SettingsForm, title_of
from app.views.settings_form.groups import SettingsGroups

__all__ = ["SettingsForm", "SettingsGroups", "title_of"]
