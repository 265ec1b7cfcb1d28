"""One snapshot as a whole process, beside other tools that do the same job."""
