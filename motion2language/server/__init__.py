"""The local web app: recordings dropped on a page or posted, described in turn, nothing stored; and the live page.

`app.create_app` makes the app, `m2l serve` runs it; `m2l live --serve` runs the live page. Needs the extra `serve`.
"""
