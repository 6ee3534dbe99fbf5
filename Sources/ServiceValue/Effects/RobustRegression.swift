/// Weighted least squares of one row a device on few columns, with errors that hold whatever the variances of the devices are.
///
/// The error is HC2 (MacKinnon and White 1985), which is CR2 where each cluster has one row, and t has the degrees of freedom of Bell and
/// McCaffrey (2002), as Imbens and Kolesár (2016) recommend for few clusters. Weights are exposures: with them the coefficient of a constant
/// is a ratio of sums, and the error is that of the delta method (Deng, Knoblich and Lu 2018) by its linearisation.
struct RobustRegression {
    struct Coefficient: Equatable {
        let value: Double
        let error: Double
        let freedom: Double
        /// HC1 = CR1 with G / (G − k), which most programs print; beside the interval's own for comparison.
        let plainError: Double
    }

    private let columns: [[Double]]
    private let weights: [Double]
    private let residuals: [Double]
    private let values: [Double]
    /// (X'WX)⁻¹
    private let inverse: [[Double]]

    /// Nil where the columns depend on each other, or there are no more rows than columns.
    ///
    /// - Parameters:
    ///   - outcome: a value a row.
    ///   - columns: each with a value a row, the constant among them.
    ///   - weights: above 0, one a row.
    init?(outcome: [Double], columns: [[Double]], weights: [Double]) {
        let count = columns.count
        guard outcome.count > count else { return nil }
        var product = Array(repeating: Array(repeating: 0.0, count: count), count: count)
        var right = Array(repeating: 0.0, count: count)
        for i in 0..<count {
            for row in outcome.indices { right[i] += weights[row] * columns[i][row] * outcome[row] }
            for j in 0...i {
                var sum = 0.0
                for row in outcome.indices { sum += weights[row] * columns[i][row] * columns[j][row] }
                product[i][j] = sum
                product[j][i] = sum
            }
        }
        guard let inverse = Self.inverted(product) else { return nil }
        let values = inverse.map { line in zip(line, right).reduce(0) { $0 + $1.0 * $1.1 } }
        residuals = outcome.indices.map { row in
            outcome[row] - (0..<count).reduce(0.0) { $0 + values[$1] * columns[$1][row] }
        }
        self.columns = columns
        self.weights = weights
        self.inverse = inverse
        self.values = values
    }

    /// Nil where a row alone decides the coefficient, so that nothing tells its error.
    func coefficient(_ index: Int) -> Coefficient? {
        let rows = residuals.indices
        let count = columns.count
        var variance = 0.0
        var plain = 0.0
        var trace = 0.0
        var diagonal = 0.0
        // Σ a² w x x', with a the row's share in the coefficient on the scale on which all rows are equally sure.
        var spread = Array(repeating: Array(repeating: 0.0, count: count), count: count)
        for row in rows {
            let weight = weights[row]
            var leverage = 0.0
            var share = 0.0
            for i in 0..<count {
                var product = 0.0
                for j in 0..<count { product += inverse[i][j] * columns[j][row] }
                leverage += columns[i][row] * product
                if i == index { share = product }
            }
            leverage *= weight
            let rest = 1 - leverage
            let part = share * weight * residuals[row]
            plain += part * part
            guard rest > 1e-9 else {
                // A row that is fitted exactly has no residual; where it has no share either it may be left out.
                if share * share * weight > 1e-12 * inverse[index][index] { return nil }
                continue
            }
            variance += part * part / rest
            let a = share * share * weight / rest
            trace += a * rest
            diagonal += a * a * (1 - 2 * leverage)
            for i in 0..<count { for j in 0..<count { spread[i][j] += a * weight * columns[i][row] * columns[j][row] } }
        }
        // tr(G'G)² / tr((G'G)²) for G whose columns are (I − H)ᵢ aᵢ, without making the n × n matrix.
        var square = diagonal
        let product = Self.multiplied(inverse, spread)
        for i in 0..<count { for j in 0..<count { square += product[i][j] * product[j][i] } }
        guard square > 0, variance.isFinite else { return nil }
        let g = Double(rows.count)
        return Coefficient(
            value: values[index], error: variance.squareRoot(), freedom: trace * trace / square,
            plainError: (plain * g / (g - Double(count))).squareRoot())
    }

    /// The coefficient alone, such as the slope of CUPED.
    func value(_ index: Int) -> Double { values[index] }

    private static func multiplied(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        a.indices.map { i in b.indices.map { j in b.indices.reduce(0.0) { $0 + a[i][$1] * b[$1][j] } } }
    }

    /// The inverse of a positive definite matrix by Gauss and Jordan, scaled to a diagonal of 1; nil where it is nearly singular.
    private static func inverted(_ matrix: [[Double]]) -> [[Double]]? {
        let count = matrix.count
        let scale = matrix.indices.map { matrix[$0][$0].squareRoot() }
        guard scale.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        var work = matrix.indices.map { i in
            matrix.indices.map { matrix[i][$0] / scale[i] / scale[$0] } + matrix.indices.map { $0 == i ? 1 : 0 }
        }
        for pivot in 0..<count {
            // Without exchanges: the matrix is positive definite, and what remains of the diagonal tells how much is new in a column.
            let size = work[pivot][pivot]
            guard size > 1e-10 else { return nil }
            for j in 0..<2 * count { work[pivot][j] /= size }
            for i in 0..<count where i != pivot {
                let factor = work[i][pivot]
                guard factor != 0 else { continue }
                for j in 0..<2 * count { work[i][j] -= factor * work[pivot][j] }
            }
        }
        return matrix.indices.map { i in matrix.indices.map { work[i][count + $0] / scale[i] / scale[$0] } }
    }
}
