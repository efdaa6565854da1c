"""How gradus' HTML pages look, on a light screen and on a dark one; each page adds what only it has."""

BASE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5d6878; --page: #fbfbfa; --card: #ffffff; --line: #e3e6ea;
  --accent: #2f6fae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --soft: #9aa6b5; --page: #14181e; --card: #1b2027; --line: #2e3641; --accent: #74b0e8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem;
  margin-top: 1rem; }
p { margin: .5rem 0; color: var(--soft); }
.headline { display: flex; flex-wrap: wrap; gap: 1rem; }
.headline div { flex: 1 1 9rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .8rem 1.1rem; }
.headline b { display: block; font-size: 1.6rem; color: var(--accent); font-variant-numeric: tabular-nums; }
.headline span, summary, thead th { color: var(--soft); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; }
"""
