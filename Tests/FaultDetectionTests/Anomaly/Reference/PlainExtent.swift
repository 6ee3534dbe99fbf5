@testable import FaultDetection

/// How far an event went, and what a person has called normal, as five plain numbers: above, below, step, times more and times less activity.
struct PlainExtent: Equatable {
    var sizes = [0.0, 0, 0, 0, 0]

    /// What each way of looking saw in a tick: the place among the sizes, and how far it went.
    static func places(_ signals: PlainMetricDetector.Signals) -> [(kind: Int, place: Int, size: Double)] {
        [0, 1, 2, 3, 4].map { kind in
            let deviation = signals.deviations[kind]
            switch kind {
            case 2: return (kind, 2, abs(deviation))
            case 4: return (kind, deviation < 0 ? 4 : 3, Double(signals.sizes[4]))
            default: return (kind, deviation < 0 ? 1 : 0, abs(deviation))
            }
        }
    }

    mutating func cover(_ signals: PlainMetricDetector.Signals) {
        for (_, place, size) in Self.places(signals) { sizes[place] = max(sizes[place], size) }
    }

    mutating func accept(_ event: PlainExtent) {
        var wider = event.sizes
        wider[2] = max(wider[0], wider[1], wider[2])
        for place in 0..<5 { sizes[place] = max(sizes[place], wider[place] * 1.25) }
        // The detector has these two as floats.
        for place in 3..<5 { sizes[place] = Double(Float(sizes[place])) }
    }

    func holds(_ kind: Int, _ signals: PlainMetricDetector.Signals) -> Bool {
        Self.places(signals).contains { $0.kind == kind && $0.size <= sizes[$0.place] }
    }

    func write(to out: inout CompactWriter) {
        for place in 0..<3 { out.double(sizes[place]) }
        for place in 3..<5 { out.float(Float(sizes[place])) }
    }

    init() {}

    init?(from bytes: inout CompactReader) {
        for place in 0..<5 {
            guard let size = place < 3 ? bytes.double() : bytes.float().map(Double.init), size >= 0 else { return nil }
            sizes[place] = size
        }
    }
}
