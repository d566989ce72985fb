"""Which test covers which row of the product's table of bad input.

Rows without an entry ask for what does not exist yet: 41 pretrained weights, 44 the history database,
45 packed samples.
"""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent

ROWS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {
        "faults/test_bad_inputs.py": (
            "a_truncated_tiff_ends_early",
            "a_truncated_raw_tiff_names_both_sizes_in_the_scan_and_on_loading",
            "a_truncated_png_ends_early",
            "a_truncated_jpeg_ends_early",
        ),
        "faults/test_bad_inputs_points.py": (
            "truncated_point_files_end_early_and_the_others_load",
            "truncated_point_files_say_how_many_bytes_or_points_there_are",
        ),
    },
    2: {
        "faults/test_bad_inputs.py": ("empty_files_are_told_from_broken_ones",),
    },
    3: {
        "faults/test_bad_inputs.py": ("text_named_like_a_picture_shows_how_it_starts",),
    },
    4: {
        "faults/test_bad_inputs.py": ("a_jpeg_named_png_loads_with_a_note",),
    },
    5: {
        "faults/test_bad_inputs.py": ("other_channel_counts_are_refused_with_the_count",),
    },
    6: {
        "faults/test_bad_inputs.py": (
            "planar_clouds_are_read_the_right_way_round",
            "planar_clouds_with_three_rows_are_refused",
        ),
    },
    7: {
        "faults/test_bad_inputs.py": (
            "other_number_types_are_converted_with_a_note_or_need_a_scale",
        ),
    },
    8: {
        "faults/test_bad_inputs.py": (
            "compressions_without_a_codec_name_the_way_out",
            "compressions_of_colour_tiffs_are_read_through_the_other_reader",
        ),
    },
    9: {
        "faults/test_bad_inputs.py": (
            "several_pages_are_refused_until_one_is_chosen",
            "several_pages_of_a_picture_are_refused_too",
        ),
    },
    10: {
        "faults/test_bad_inputs.py": (
            "the_unit_is_told_from_the_extent_and_shown",
            "a_part_in_another_unit_than_the_first_is_refused",
            "a_chosen_unit_is_used_and_an_impossible_one_refused",
        ),
    },
    11: {
        "faults/test_bad_inputs.py": (
            "empty_clouds_say_how_many_points_there_are",
            "nearly_empty_clouds_are_refused",
        ),
        "faults/command_line/test_bad_runs.py": (
            "a_part_without_cloud_is_never_accepted_unseen",
            "a_part_judged_by_colour_alone_says_so_on_its_line_and_in_every_report",
        ),
        "core/test_engine.py": (
            "a_part_with_one_modality_is_never_accepted_by_a_recipe_of_both",
            "a_part_with_one_modality_is_accepted_by_a_recipe_of_that_one",
        ),
    },
    12: {
        "faults/test_bad_inputs.py": (
            "values_that_are_not_finite_count_as_missing_with_their_share",
            "float_pictures_with_not_finite_values_are_refused",
        ),
    },
    13: {
        "faults/test_bad_inputs.py": ("mirrored_clouds_are_noted",),
        "core/test_engine.py": ("a_part_of_another_set_up_is_not_judged",),
    },
    14: {
        "faults/test_bad_inputs.py": (
            "different_sizes_of_the_same_view_are_resized_with_a_note",
            "different_sizes_of_another_view_are_refused",
            "different_sizes_among_parts_are_listed",
        ),
    },
    15: {
        "faults/test_bad_inputs.py": (
            "exif_rotation_is_applied_where_the_cloud_proves_it",
            "exif_rotation_is_refused_where_the_cloud_may_not_be_turned",
        ),
    },
    16: {
        "faults/test_bad_inputs.py": ("sixteen_bit_colour_is_read_exactly_with_its_range",),
    },
    17: {
        "faults/test_bad_inputs.py": ("sixteen_bit_grey_keeps_its_steps",),
    },
    18: {
        "faults/test_bad_inputs.py": (
            "transparency_is_ignored_with_a_note_and_refused_when_complete",
        ),
    },
    19: {
        "faults/test_bad_inputs.py": (
            "colour_modes_are_converted_with_a_note",
            "colour_modes_for_print_are_refused",
        ),
    },
    20: {
        "faults/test_bad_inputs.py": (
            "damaged_pictures_are_found_by_their_checksum",
            "damaged_pictures_in_a_compressed_tiff_are_found",
        ),
        "core/cli/test_inspect.py": ("a_broken_part_is_listed_and_the_batch_goes_on",),
    },
    21: {
        "faults/test_bad_inputs.py": ("a_raw_cloud_changed_since_has_another_hash",),
    },
    22: {
        "faults/test_bad_inputs.py": (
            "huge_pictures_are_refused_before_decoding",
            "huge_clouds_are_refused_before_decoding",
        ),
    },
    23: {
        "faults/test_bad_inputs.py": ("tiny_pictures_are_refused",),
    },
    24: {
        "faults/test_bad_inputs.py": (
            "masks_count_any_value_but_zero_as_defect",
            "masks_of_another_size_are_refused",
            "masks_in_colour_are_refused_and_grey_ones_stored_as_rgb_are_not",
            "contradicting_masks_are_listed_and_leave_the_pixel_figures",
        ),
    },
    25: {
        "faults/test_bad_inputs.py": (
            "contradicting_masks_are_listed_and_leave_the_pixel_figures",
        ),
    },
    26: {
        "faults/test_bad_inputs.py": ("a_missing_partner_shifts_no_other_pair",),
    },
    27: {
        "faults/test_bad_inputs.py": ("duplicate_names_are_both_refused_until_renamed",),
    },
    28: {
        "faults/test_bad_inputs_folders.py": (
            "equal_pictures_in_train_and_test_are_found_by_their_hash",
        ),
    },
    29: {
        "faults/test_bad_inputs_folders.py": (
            "the_wrong_level_lists_what_lies_below",
            "the_wrong_level_inside_a_set_names_the_set",
        ),
    },
    30: {
        "faults/test_bad_inputs_folders.py": (
            "odd_names_are_nothing_special",
            "odd_names_of_two_unicode_forms_are_one_part",
        ),
    },
    31: {
        "faults/test_bad_inputs_folders.py": ("non_utf8_names_are_shown_escaped_and_processed",),
    },
    32: {
        "faults/test_bad_inputs_folders.py": (
            "link_loops_are_walked_once_with_a_note",
            "link_loops_in_a_plain_folder_end_too",
        ),
    },
    33: {
        "faults/test_bad_inputs_folders.py": (
            "no_permission_is_said_of_a_file_and_the_others_go_on",
        ),
    },
    34: {
        "faults/test_bad_inputs_folders.py": ("a_read_only_output_folder_is_named",),
        "faults/command_line/test_bad_runs.py": ("a_read_only_output_is_refused_before_any_work",),
        "core/cli/test_learn.py": (
            "an_output_folder_that_cannot_be_written_is_code_3_before_any_work",
        ),
        "contracts/test_exporters.py": ("a_folder_that_cannot_be_written_is_refused_before_work",),
    },
    35: {
        "faults/test_bad_inputs_folders.py": ("a_disk_full_leaves_nothing_half_written",),
        "faults/command_line/test_bad_runs.py": ("a_disk_full_while_learning_leaves_no_recipe",),
        "core/cli/test_inspect.py": ("a_full_disk_keeps_what_was_finished_and_can_be_resumed",),
        "contracts/test_exporters.py": ("a_full_disk_is_told_and_leaves_nothing",),
    },
    36: {
        "faults/test_bad_inputs_folders.py": (
            "a_file_still_being_written_is_waited_for",
            "a_file_still_being_written_after_three_tries_is_refused",
        ),
    },
    37: {
        "faults/command_line/test_bad_runs.py": (
            "few_good_parts_promise_little_and_accept_nothing",
            "identical_good_parts_still_tell_a_dent",
            "a_bad_part_among_the_good_ones_is_named_first",
        ),
    },
    38: {
        "faults/command_line/test_bad_runs.py": (
            "a_damaged_recipe_ends_every_command_with_code_5",
        ),
        "core/recipe/test_format.py": (
            "a_damaged_recipe_is_refused_with_one_sentence",
            "a_listed_tensor_must_be_there",
        ),
    },
    39: {
        "faults/command_line/test_bad_runs.py": (
            "a_newer_recipe_is_refused_with_both_versions",
            "an_older_recipe_is_migrated_in_memory_and_its_file_untouched",
        ),
    },
    40: {
        "faults/command_line/test_bad_runs.py": (
            "parts_of_another_camera_are_not_inspected_and_the_others_are",
        ),
        "core/test_engine.py": ("a_part_of_another_set_up_is_not_judged",),
    },
    42: {
        "faults/command_line/test_bad_runs.py": ("a_card_that_is_not_there_is_code_6",),
        "core/foundation/test_device.py": (
            "exhausted_memory_halves_the_chunks_then_moves_to_the_cpu",
            "memory_exhausted_on_the_cpu_ends_with_a_sentence",
        ),
    },
    43: {
        "core/cli/test_configuration.py": (
            "a_damaged_file_is_set_aside_and_the_defaults_are_used",
        ),
        "app/test_models.py": ("damaged_preferences_are_kept_beside_and_told",),
    },
    46: {
        "faults/command_line/test_bad_runs.py": ("two_parts_in_one_second_never_share_a_name",),
    },
    47: {
        "faults/command_line/test_bad_runs.py": (
            "a_decimal_comma_language_changes_no_file",
            "nothing_in_the_core_formats_by_a_decimal_comma_language",
        ),
    },
    48: {
        "gui/test_cloud_pane.py": (
            "without_3d_a_relief_with_the_same_colours_is_shown_with_a_sentence",
        ),
        "core/cli/test_main.py": ("a_window_without_display_is_code_6",),
    },
    49: {
        "faults/test_killed.py": ("a_kill_leaves_nothing_half_written",),
    },
    50: {
        "faults/command_line/test_bad_runs.py": (
            "names_that_are_formulas_or_pages_are_escaped_in_every_file",
        ),
        "contracts/test_exporters.py": (
            "csv_cells_are_no_formulas_and_numbers_have_points",
            "html_escapes_names_and_needs_nothing_from_outside",
            "names_cannot_break_out_of_the_folder",
        ),
    },
    51: {
        "faults/test_bad_inputs_points.py": (
            "truncated_point_files_end_early_and_the_others_load",
            "truncated_point_files_say_how_many_bytes_or_points_there_are",
        ),
    },
    52: {
        "faults/test_bad_inputs_points.py": (
            "clouds_far_from_the_origin_are_moved_and_the_shift_is_kept",
            "clouds_far_from_the_origin_in_32_bits_say_what_is_lost",
        ),
    },
}
"""Row to file below tests/ to names of its tests, without "test_that_"."""

NOT_YET = {41, 44, 45}


def test_that_every_row_has_tests_that_exist():
    assert set(ROWS) == set(range(1, 53)) - NOT_YET
    for row, files in ROWS.items():
        for name, wanted in files.items():
            text = (TESTS / name).read_text(encoding="utf-8")
            there = set(re.findall(r"^def test_that_(\w+)", text, re.MULTILINE))
            assert set(wanted) <= there, f"row {row}: {set(wanted) - there} not in {name}"
