import CivilCalendar
import Telemetry

/// A profile's fault rules with metric names and state names replaced by numbers, made anew when the layout has learned a name.
///
/// What a device remembers for them is one flat block of `cellCount` numbers, which begin as zeros; where each rule's lie follows from
/// the profile alone, so a block outlives a new layout.
///
/// It never changes once it is made. An object, so that who passes it on copies one reference and not a dozen arrays.
public final class FaultConditions: Sendable {
    /// A rule that looks at a slot, and as which of its inputs.
    public struct Watch: Equatable, Sendable {
        public var rule: Int32
        public var input: Int32
    }

    struct Rule: Sendable {
        /// Its nodes among all, the parts first.
        var firstNode = 0
        var nodeCount = 0
        /// Its inputs among all.
        var firstInput = 0
        var inputCount = 0
        /// The nodes that raise and clear, counted within the rule; -1: it clears when `raise` does not hold.
        var raise = 0
        var clear = -1
        var raiseMilliseconds: Int64 = 0
        var clearMilliseconds: Int64 = 0
        /// Bits of the inputs that each of the two looks at.
        var raiseInputs: UInt32 = 0
        var clearInputs: UInt32 = 0
        /// Its cells in a device's block.
        var firstCell = 0
        var cellCount = 0
        var raiseTimer = 0
        var clearTimer = 0
        var firstStep = 0
        var escalations = 0
        var relaxations = 0
        var severity = Severity.major
        var hasNoData = false
        var hasSteps: Bool { escalations + relaxations > 0 }
    }

    let rules: [Rule]
    let nodes: [ConditionNode]
    /// The slot of each input; none while no device has shown the metric.
    let inputs: [SlotIndex]
    let steps: [SeverityStep]
    /// Numbers that all devices of the profile remember, each.
    public let cellCount: Int
    /// The rules that hold when a metric is not told.
    public let silenceRules: [Int32]
    /// For each slot the rules that look at it, as a range into `watches`.
    private let firstOfSlot: [Int32]
    private let watches: [Watch]

    public var ruleCount: Int { rules.count }

    public init(layout: ProfileLayout) {
        var parts = Parts()
        for fault in layout.profile.faults { parts.add(fault, layout) }
        (rules, nodes, inputs, steps, cellCount) = (parts.rules, parts.nodes, parts.inputs, parts.steps, parts.cellCount)
        silenceRules = parts.rules.indices.filter { parts.rules[$0].hasNoData }.map { Int32($0) }
        var (firstOfSlot, watches) = ([Int32](), [Watch]())
        for slot in layout.slots.indices {
            firstOfSlot.append(Int32(watches.count))
            for (number, rule) in parts.rules.enumerated() {
                for input in 0..<rule.inputCount where parts.inputs[rule.firstInput + input] == SlotIndex(slot) {
                    watches.append(Watch(rule: Int32(number), input: Int32(input)))
                }
            }
        }
        firstOfSlot.append(Int32(watches.count))
        self.firstOfSlot = firstOfSlot
        self.watches = watches
    }

    /// What is compiled of the rules, one after the other.
    private struct Parts {
        var rules: [Rule] = []
        var nodes: [ConditionNode] = []
        var inputs: [SlotIndex] = []
        var steps: [SeverityStep] = []
        var cellCount = 0

        mutating func add(_ fault: FaultRule, _ layout: ProfileLayout) {
            var compiler = ConditionCompiler(layout: layout)
            var rule = Rule()
            rule.raise = compiler.add(fault.raise, isRoot: true)
            let raised = compiler.nodes.count
            rule.clear = fault.clear.map { compiler.add($0, isRoot: true) } ?? -1
            rule.raiseMilliseconds = fault.raise.forMilliseconds
            rule.clearMilliseconds = fault.clear?.forMilliseconds ?? 0
            rule.raiseInputs = compiler.inputs(of: 0..<raised)
            rule.clearInputs = fault.clear == nil ? rule.raiseInputs : compiler.inputs(of: raised..<compiler.nodes.count)
            rule.severity = fault.severity
            rule.firstStep = steps.count
            rule.escalations = fault.escalate.count
            rule.relaxations = fault.relax.count
            steps += fault.escalate + fault.relax
            rule.firstInput = inputs.count
            rule.inputCount = compiler.metrics.count
            inputs += compiler.metrics.map { layout.slot(named: $0) ?? .none }
            rule.firstCell = cellCount
            // The header, then a value and its time for each input, then the durations, then what single conditions remember.
            var cell = 1 + 2 * rule.inputCount
            rule.raiseTimer = cell
            cell += ConditionTimer.cellCount
            // Without steps only one of the two durations runs at a time.
            rule.clearTimer = rule.hasSteps ? cell : rule.raiseTimer
            if rule.hasSteps { cell += ConditionTimer.cellCount }
            for index in compiler.nodes.indices {
                compiler.nodes[index].cell = cell
                cell += compiler.nodes[index].cellCount
                if compiler.nodes[index].memory == .arrival { rule.hasNoData = true }
            }
            rule.cellCount = cell
            rule.firstNode = nodes.count
            rule.nodeCount = compiler.nodes.count
            nodes += compiler.nodes
            cellCount += cell
            rules.append(rule)
        }
    }

    /// Where the cells of a rule lie in a device's block.
    public func cells(ofRule rule: Int) -> Range<Int> { rules[rule].firstCell..<rules[rule].firstCell + rules[rule].cellCount }

    /// The slots of a rule's inputs, none where no device has shown the metric yet.
    public func slots(ofRule rule: Int) -> [SlotIndex] {
        Array(inputs[rules[rule].firstInput..<rules[rule].firstInput + rules[rule].inputCount])
    }

    /// The rules that look at `slot`.
    @inline(__always)
    public func rules(watching slot: SlotIndex) -> ArraySlice<Watch> {
        let place = Int(slot.place)
        guard place + 1 < firstOfSlot.count else { return [] }
        return watches[Int(firstOfSlot[place])..<Int(firstOfSlot[place + 1])]
    }

    /// True when nothing looks at `slot`: the common case.
    @inline(__always)
    public func isUnwatched(_ slot: SlotIndex) -> Bool {
        let place = Int(slot.place)
        return place + 1 >= firstOfSlot.count || firstOfSlot[place] == firstOfSlot[place + 1]
    }

    /// Moves the times of a device's block, when the gateway's clock was set.
    ///
    /// - Parameters:
    ///   - arrivals: since when metrics have been silent.
    ///   - readings: everything in event time, for a device whose readings are dated by their arrival.
    public func shift(_ block: Block, byMilliseconds step: Int64, arrivals: Bool, readings: Bool) {
        // A cell that was never written is zero and means no time.
        func move(_ cell: Block) { if cell.pointee != 0 { cell.pointee = cell.pointee.shifted(byMilliseconds: step) } }
        func move(timer: Block) {
            move(timer)
            move(timer + 2)
        }
        for rule in rules {
            let cells = block + rule.firstCell
            if readings {
                for input in 0..<rule.inputCount { move(cells + 2 + 2 * input) }
                move(timer: cells + rule.raiseTimer)
                if rule.hasSteps { move(timer: cells + rule.clearTimer) }
            }
            for node in nodes[rule.firstNode..<rule.firstNode + rule.nodeCount] {
                switch node.memory {
                case .nothing, .value: break
                case .arrival: if arrivals { move(cells + node.cell) }
                case .ring(let times): if readings { for index in 0..<times { move(cells + node.cell + 1 + index) } }
                }
                guard readings else { continue }
                if node.ratePerMilliseconds != 0 {
                    move(cells + node.cell + 1)
                    for sample in 0..<min(Int(cells[node.cell]), ConditionNode.rateSamples) { move(cells + node.cell + 2 + 2 * sample) }
                }
                if node.hasTimer { move(timer: cells + node.timerCell) }
            }
        }
    }
}
