"""The package of a job type that is being added: the example of docs/adding-a-job-type.md."""
