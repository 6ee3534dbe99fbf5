import Documents

extension JSONWriter {
    /// `[{"file","line","column","message"},…]`
    public mutating func member(_ name: String, _ diagnostics: [Diagnostic]) {
        objects(name, of: diagnostics) { writer, diagnostic in
            writer.member("file", diagnostic.file)
            writer.member("line", diagnostic.position.line)
            writer.member("column", diagnostic.position.column)
            writer.member("message", diagnostic.message)
        }
    }
}
