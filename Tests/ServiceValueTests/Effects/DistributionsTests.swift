import ServiceValue
import Testing

/// Expected values are those of scipy 1.17.1 (`stats.t.sf`, `stats.t.isf`, `stats.chi2.sf`).
@Suite struct DistributionsTests {
    private static func isClose(_ value: Double, _ expected: Double, _ digits: Double = 1e-10) -> Bool {
        abs(value - expected) <= digits * abs(expected)
    }

    @Test(arguments: [
        (0.5, 3.0, 0.3257239824240755), (2.0, 1.0, 0.14758361765043326), (2.5, 7.3, 0.019825117332800214),
        (1.96, 1e6, 0.024998033792634926),
        (10.0, 4.0, 0.0002810018113579955), (0.001, 30.0, 0.49960436788324253), (3.2, 250.0, 0.000775991063543836),
    ]) func tailsOfStudentsT(_ t: Double, _ freedom: Double, _ expected: Double) {
        let tail = StudentT.upperTail(t, freedom: freedom)
        #expect(Self.isClose(tail, expected, 1e-9), "\(tail)")
        #expect(abs(StudentT.upperTail(-t, freedom: freedom) - (1 - expected)) < 1e-9)
    }

    @Test(arguments: [
        (0.025, 1.0, 12.706204736174705), (0.025, 4.5, 2.658912347204404), (0.025, 30.0, 2.042272456301238),
        (0.025, 1000.0, 1.9623390808264085), (0.2, 12.0, 0.872609291588138), (0.025, 1e8, 1.9599640082627667),
        (0.4999, 5.0, 0.0002634305560701236),
    ]) func quantilesOfStudentsT(_ tail: Double, _ freedom: Double, _ expected: Double) {
        let quantile = StudentT.upperQuantile(tail, freedom: freedom)
        #expect(Self.isClose(quantile, expected, freedom > 1e7 ? 1e-7 : 1e-8), "\(quantile)")
    }

    @Test(arguments: [
        (3.841458820694124, 1.0, 0.04999999999999989), (0.1, 1.0, 0.7518296340458492), (12.0, 1.0, 0.0005320055051392492),
        (25.0, 10.0, 0.005345505487134069), (1e-6, 1.0, 0.9992021155721779), (60.0, 30.5, 0.0011170476292852783),
    ]) func tailsOfChiSquare(_ x: Double, _ freedom: Double, _ expected: Double) {
        let tail = ChiSquare.upperTail(x, freedom: freedom)
        #expect(Self.isClose(tail, expected, 1e-9), "\(tail)")
    }

    @Test func edges() {
        #expect(ChiSquare.upperTail(0, freedom: 1) == 1)
        #expect(StudentT.upperTail(0, freedom: 5) == 0.5)
        #expect(StudentT.upperQuantile(0.5, freedom: 5) == 0)
        #expect(StudentT.upperTail(1e200, freedom: 3) == 0)
        #expect(abs(StudentT.upperTail(1.959963984540054, freedom: .infinity) - 0.025) < 1e-12)
    }
}
