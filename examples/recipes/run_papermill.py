"""papermill for TypeScript notebooks: python examples/recipes/run_papermill.py IN.ipynb OUT.ipynb -p item flood

papermill writes parameters into a notebook, but has no translator for TypeScript. This adds one.
"""

import json

from papermill.cli import papermill
from papermill.translators import Translator, papermill_translators


class TypeScript(Translator):
    """Assigns new values. The cell with the tag "parameters" declares the variables with `let`."""

    @classmethod
    def translate(cls, val):
        return json.dumps(val)

    @classmethod
    def assign(cls, name, str_val):
        return f"{name} = {str_val};"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()


papermill_translators.register("typescript", TypeScript)

if __name__ == "__main__":
    papermill()
