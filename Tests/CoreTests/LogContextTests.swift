import Core
import Testing

@Suite struct LogContextTests {
    @Test func `ids are 16 hexadecimal digits, and no two are the same`() {
        let ids = Set((0..<1_000).map { _ in LogID().description })
        #expect(ids.count == 1_000)
        #expect(ids.allSatisfy { $0.wholeMatch(of: #/[0-9a-f]{16}/#) != nil })
    }

    @Test(arguments: ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcde\n", "0123456789abcdeé"])
    func `only ids that were made here are read`(text: String) {
        #expect(LogID(text) == nil)
        #expect(LogID("0123456789abcdef")?.description == "0123456789abcdef")
    }

    @Test func `child tasks have the context of the task that they belong to`() async {
        let run = LogID()
        let found = await LogContext.$current.withValue(LogContext(run: run)) {
            async let inner = LogContext.metadataProvider.get()
            return await inner
        }
        #expect(found.count == 1 && found["run"]?.description == run.description)
        #expect(LogContext.metadataProvider.get().isEmpty)
    }
}
