import "@onecell/auth";
