declare module 'punycode.js' {
  const punycode: {
    /** Of a domain, label by label. Throws where one cannot be decoded. */
    toUnicode(domain: string): string
  }
  export default punycode
}
