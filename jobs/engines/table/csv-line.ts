/** A record of CSV (RFC 4180) with its end. A cell that a spreadsheet would take for a formula gets a quote in front, which makes it a text. */
export function csvLine(cells: readonly string[], delimiter = ','): string {
  return `${cells.map((cell) => csvCell(cell, delimiter)).join(delimiter)}\r\n`
}

// Tab, LF, CR, + - = @, and the last four in full width (OWASP, "CSV Injection").
const formulaStart = /^[\t\n\r+\-=@\uff0b\uff0d\uff1d\uff20]/

function csvCell(text: string, delimiter: string): string {
  const plain = formulaStart.test(text) ? `'${text}` : text
  return plain.includes(delimiter) || /["\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
