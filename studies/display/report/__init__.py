"""The page of the verb `report`: charts as SVG, pictures as data URIs, and HTML templates."""
