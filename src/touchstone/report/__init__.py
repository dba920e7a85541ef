"""The report room: charts as plain data, and one self-contained page that tells what happened, why and what to do."""
