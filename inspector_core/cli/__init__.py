"""The command line: one module a command, and `main` that puts them together.

A command module holds EXAMPLES (two lines that work on the bundled sample), `add_arguments(parser)` and
`run(args, console) -> exit code`. It parses and prints, nothing else.
"""
