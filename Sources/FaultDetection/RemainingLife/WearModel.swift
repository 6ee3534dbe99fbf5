import Glibc

/// One shape of a course of wear over u, which is 0 at the first day and 1 at the newest: a · 1 + b · shape(u) (+ c · jump(u)).
enum WearShape: Sendable {
    case constant
    case linear
    /// Growing by eᶜᵘ; c below 0: slower and slower.
    case exponential(Double)
    /// Growing by a power of u.
    case power(Double)
    /// Nothing until u, linear from there on.
    case onset(Double)
    /// Linear, and with another slope from u on.
    case bend(Double)
    /// Linear with one jump at u.
    case jump(Double)
    /// Level before and after one jump.
    case step(Double)

    /// All that are weighed against each other.
    static let all: [WearShape] =
        [.constant, .linear] + exponents.map { .exponential($0) } + powers.map { .power($0) } + onsets.map { .onset($0) }
        + onsets.map { .bend($0) }
        + jumps.map { .jump($0) } + jumps.map { .step($0) }

    private static let exponents = [-2, -1, -0.5, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 12]
    private static let powers = [1.5, 2, 2.5, 3, 4]
    private static let onsets = Array(stride(from: 0.1, to: 0.92, by: 0.05))
    private static let jumps = Array(stride(from: 0.1, to: 0.95, by: 0.1))

    /// Whether the second coefficient is that of a wear that goes on.
    var drifts: Bool {
        switch self {
        case .constant, .step: false
        case .linear, .exponential, .power, .onset, .bend, .jump: true
        }
    }

    /// What is believed before anything is seen: as much for no wear as for wear, shared by the shapes of a kind.
    var prior: Double {
        switch self {
        case .constant: 0.35
        case .step: 0.15 / Double(Self.jumps.count)
        case .linear: 0.1
        case .exponential: 0.12 / Double(Self.exponents.count)
        case .power: 0.08 / Double(Self.powers.count)
        case .onset: 0.1 / Double(Self.onsets.count)
        case .bend: 0.05 / Double(Self.onsets.count)
        case .jump: 0.05 / Double(Self.jumps.count)
        }
    }

    /// The regressors at u.
    func row(_ u: Double) -> [Double] {
        switch self {
        case .constant: [1]
        case .linear: [1, u]
        case .exponential(let c): [1, (exp(min(c * u, 600)) - 1) / (exp(c) - 1)]
        case .power(let exponent): [1, pow(u, exponent)]
        case .onset(let k): [1, max(0, u - k) / (1 - k)]
        case .bend(let k): [1, max(0, u - k) / (1 - k), min(u, k) / k]
        case .jump(let k): [1, u, u > k ? 1 : 0]
        case .step(let k): [1, u > k ? 1 : 0]
        }
    }
}

/// What a course wanders by, as a process that is 0 at u = 0; variances are in those of a bin's noise.
enum WearWander: Equatable, Sendable {
    case none
    /// The level wanders (a Wiener process), by a deviation of so much over the known span.
    case level(Double)
    /// The slope wanders, and the level with it (an integrated Wiener process, the prior of a cubic spline): wear that changes its pace.
    case slope(Double)

    /// Whether it is weighed with the shape: a slope that wanders makes every shape of a straight line.
    func goes(with shape: WearShape) -> Bool {
        guard case .slope = self else { return true }
        if case .linear = shape { return true }
        return false
    }

    func covariance(_ u: Double, _ v: Double) -> Double {
        let (first, last) = (min(u, v), max(u, v))
        return switch self {
        case .none: 0
        case .level(let strength): strength * first
        case .slope(let strength): strength * first * first * (3 * last - first) / 6
        }
    }

    /// Of its slope at u = 1 with its level at u, and of that slope with itself.
    func movementCovariance(_ u: Double) -> Double { if case .slope(let strength) = self { strength * u * u / 2 } else { 0 } }
    var movementVariance: Double { if case .slope(let strength) = self { strength } else { 0 } }

    /// What it may move by over so much more.
    func deviation(over way: Double) -> Double {
        switch self {
        case .none: 0
        case .level(let strength): (strength * way).squareRoot()
        case .slope(let strength): (strength * way * way * way / 3).squareRoot()
        }
    }
}

/// A symmetric positive matrix as its lower factor (Cholesky), row by row.
struct CholeskyFactor {
    private let rows: [[Double]]

    init(_ matrix: [[Double]]) {
        var rows = matrix
        for i in rows.indices {
            for j in 0...i {
                var sum = rows[i][j]
                for k in 0..<j { sum -= rows[i][k] * rows[j][k] }
                rows[i][j] = i == j ? max(sum, 1e-12).squareRoot() : sum / rows[j][j]
            }
        }
        self.rows = rows
    }

    var logDeterminant: Double { rows.indices.reduce(0) { $0 + 2 * log(rows[$1][$1]) } }

    /// L⁻¹ v.
    func forward(_ vector: [Double]) -> [Double] {
        var result = vector
        for i in rows.indices {
            for k in 0..<i { result[i] -= rows[i][k] * result[k] }
            result[i] /= rows[i][i]
        }
        return result
    }

    /// L⁻ᵀ v.
    func backward(_ vector: [Double]) -> [Double] {
        var result = vector
        for i in rows.indices.reversed() {
            for k in (i + 1)..<max(rows.count, i + 1) { result[i] -= rows[k][i] * result[k] }
            result[i] /= rows[i][i]
        }
        return result
    }

    func solve(_ vector: [Double]) -> [Double] { backward(forward(vector)) }
}
