// What the readers of texts from devices share.

extension BidirectionalCollection<UInt8> where SubSequence == Self {
    /// Without blanks and control characters at both ends.
    func trimmed() -> Self {
        var rest = self
        while let first = rest.first, first <= 0x20 { rest = rest.dropFirst() }
        while let last = rest.last, last <= 0x20 { rest = rest.dropLast() }
        return rest
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
}
