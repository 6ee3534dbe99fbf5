import Telemetry

/// A profile's fault rules with metric names and state names replaced by numbers, made anew when the layout has learned a name.
public struct FaultConditions: Sendable {
    public struct Condition: Equatable, Sendable {
        enum Test: Equatable, Sendable {
            case above(Double)
            case atLeast(Double)
            case below(Double)
            case atMost(Double)
            /// A bit for each state that fulfils it.
            case states(UInt64)
            case always(Bool)
        }
        /// -1 while no device has shown the metric.
        public var slot: Int32
        var test: Test
        public var forMilliseconds: Int64

        @inline(__always)
        func holds(_ value: Double) -> Bool {
            switch test {
            case .above(let bound): value > bound
            case .atLeast(let bound): value >= bound
            case .below(let bound): value < bound
            case .atMost(let bound): value <= bound
            case .states(let bits): value >= 0 && value < 64 && bits & (1 << UInt64(value)) != 0
            case .always(let answer): answer
            }
        }
    }

    public struct Rule: Sendable {
        public var raise: Condition
        /// Nil: the fault clears when `raise` no longer holds.
        public var clear: Condition?
    }

    public private(set) var rules: [Rule] = []
    /// For each slot the rules that look at it, as a range into `ruleNumbers`.
    private var firstOfSlot: [Int32] = []
    private var ruleNumbers: [Int32] = []

    public init(layout: ProfileLayout) {
        rules = layout.profile.faults.map { fault in
            Rule(raise: Self.condition(fault.raise, layout), clear: fault.clear.map { Self.condition($0, layout) })
        }
        for slot in layout.slots.indices {
            firstOfSlot.append(Int32(ruleNumbers.count))
            for (number, rule) in rules.enumerated() where rule.raise.slot == slot || rule.clear?.slot == Int32(slot) {
                ruleNumbers.append(Int32(number))
            }
        }
        firstOfSlot.append(Int32(ruleNumbers.count))
    }

    private static func condition(_ rule: ConditionRule, _ layout: ProfileLayout) -> Condition {
        guard let slot = layout.slot(named: rule.metric) else {
            return Condition(slot: -1, test: .always(false), forMilliseconds: rule.forMilliseconds)
        }
        let isState = layout.slots[Int(slot)].kind == .state
        let states = layout.slots[Int(slot)].states
        func bits(_ wanted: [String], inverted: Bool = false) -> Condition.Test {
            var bits: UInt64 = 0
            for (index, state) in states.enumerated().prefix(64) where wanted.contains(state) != inverted { bits |= 1 << UInt64(index) }
            return .states(bits)
        }
        let test: Condition.Test =
            switch rule.comparison {
            case .above(let bound): .above(bound)
            case .atLeast(let bound): .atLeast(bound)
            case .below(let bound): .below(bound)
            case .atMost(let bound): .atMost(bound)
            case .equals(let text): bits([text])
            case .notEquals(let text): bits([text], inverted: true)
            case .within(let list): bits(list)
            }
        // A bound says nothing about a state, and a name nothing about a number.
        var comparesNames = false
        if case .states = test { comparesNames = true }
        if comparesNames != isState { return Condition(slot: slot, test: .always(false), forMilliseconds: rule.forMilliseconds) }
        return Condition(slot: slot, test: test, forMilliseconds: rule.forMilliseconds)
    }

    /// The numbers of the rules that look at `slot`.
    @inline(__always)
    public func rules(watching slot: Int32) -> ArraySlice<Int32> {
        guard Int(slot) + 1 < firstOfSlot.count else { return [] }
        return ruleNumbers[Int(firstOfSlot[Int(slot)])..<Int(firstOfSlot[Int(slot) + 1])]
    }

    /// True when nothing looks at `slot`: the common case.
    @inline(__always)
    public func isUnwatched(_ slot: Int32) -> Bool {
        Int(slot) + 1 >= firstOfSlot.count || firstOfSlot[Int(slot)] == firstOfSlot[Int(slot) + 1]
    }
}
