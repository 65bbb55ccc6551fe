// The table as a file that a spreadsheet opens.

/** Offers rows of texts and numbers for download as CSV (UTF-8 with BOM, or Excel reads Chinese as noise). */
export function offer(name, rows) {
  const text = `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  // a long code is given as a formula of its text: as bare digits Excel would round it and show 3.70101E+14. The
  // service's own CSV (geodata/write.py) keeps codes bare, for programs; its importer takes either (tables.unguard)
  if (/^[0-9]{12,}$/.test(value)) return `"=""${value}"""`;
  // a cell that a spreadsheet would run as a formula is written as text
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}
