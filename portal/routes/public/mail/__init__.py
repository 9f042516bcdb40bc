"""The demo's mail as a page, where the portal is shown."""
