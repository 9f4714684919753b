"""papermill for notebooks in TypeScript: python examples/recipes/run_papermill.py IN.ipynb OUT.ipynb -p item flood

papermill writes the parameters into the notebook, and does not know TypeScript by itself.
"""

import json

from papermill.cli import papermill
from papermill.translators import Translator, papermill_translators


class TypeScript(Translator):
    """The cell with the tag "parameters" declares them by `let`; this one gives them other values."""

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
