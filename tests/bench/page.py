# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of figures: what a benchmark prints goes between two marks of its own."""
import sys


def write(path, name, text):
    """Puts text between the marks of the benchmark `name` in the file at path; exits if it has none."""
    begin, end = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    page = open(path, encoding='utf-8').read()
    if begin not in page or end not in page:
        sys.exit(f'{path} has no place for the table: {begin} ... {end}')
    head, rest = page.split(begin)
    open(path, 'w', encoding='utf-8').write(f'{head}{begin}\n{text}{end}{rest.split(end)[1]}')
