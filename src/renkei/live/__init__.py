"""The live stream: what is said in a group appears at once on every open page of the group."""
