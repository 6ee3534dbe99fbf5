/// hrPrinterDetectedErrorState of RFC 2790 with the further bits of RFC 3805: an octet string, bit 0 being the high bit of the first octet.
public struct ErrorStateBits: Equatable, Sendable {
    /// In the order of the bits. The raw value is the code, as the standard spells it.
    public enum Code: String, CaseIterable, Sendable {
        case lowPaper, noPaper, lowToner, noToner, doorOpen, jammed, offline, serviceRequested
        case inputTrayMissing, outputTrayMissing, markerSupplyMissing, outputNearFull, outputFull, inputTrayEmpty, overduePreventMaint

        /// `noPaper`, `no-paper`, `NO_PAPER`.
        init?(_ text: String) {
            let folded = SupplyName.folded(text)
            guard let code = Self.allCases.first(where: { SupplyName.folded($0.rawValue) == folded }) else { return nil }
            self = code
        }
    }

    /// How many octets were sent. With one octet the device says nothing about the codes from `inputTrayMissing` on; with none it says
    /// nothing at all, so that nothing is raised and nothing is cleared.
    public let octets: Int
    /// Bit 0 is the highest.
    let bits: UInt16

    init(octets: Int, _ bits: UInt16) {
        self.octets = octets
        self.bits = bits
    }

    /// From a list of octets as numbers; those beyond the second have no meaning and are left out. Nil when one of the two is no octet.
    init?(numbers: some Sequence<Int>) {
        var (octets, bits): (Int, UInt16) = (0, 0)
        for number in numbers.prefix(2) {
            guard let octet = UInt8(exactly: number) else { return nil }
            bits |= UInt16(octet) << (octets == 0 ? 8 : 0)
            octets += 1
        }
        self.init(octets: octets, bits)
    }

    /// True when the device said nothing; that is not the same as "no error".
    public var saysNothing: Bool { octets == 0 }

    /// What is set, in the order of the bits. The sixteenth bit has no meaning.
    public var codes: [Code] { Code.allCases.enumerated().filter { bits & (0x8000 >> UInt16($0.offset)) != 0 }.map(\.element) }

    /// Whether the device said anything about this code: nil when it did not.
    public func isSet(_ code: Code) -> Bool? {
        guard let index = Code.allCases.firstIndex(of: code), index < octets * 8 else { return nil }
        return bits & (0x8000 >> UInt16(index)) != 0
    }
}
