"""The verb `report`: what is known of studies, on one page of HTML."""
