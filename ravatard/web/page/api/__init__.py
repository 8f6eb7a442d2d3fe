"""The page's API: its types, its endpoints, and the OpenAPI document made of both."""
