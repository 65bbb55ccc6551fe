"""Maps on paper: one sheet as a PDF with its words inside, and a picture of that very sheet. Knows no database."""
