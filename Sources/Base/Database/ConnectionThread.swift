import Foundation
import Synchronization

/// The serial executor of one connection: a thread of its own for blocking libpq calls, so that they block no other task.
///
/// As fast, when measured, as any other way of driving libpq, and the simplest.
final class ConnectionThread: SerialExecutor {
    private struct JobQueue {
        var jobs: [UnownedJob] = []
        var stopping = false
    }

    /// The jobs, with a mutex and the condition on which the thread sleeps while there are none.
    ///
    /// `@unchecked Sendable`: `queue` is touched only between `lock()` and `unlock()` of `condition`.
    private final class Mailbox: @unchecked Sendable {
        let condition = NSCondition()
        var queue = JobQueue()
        /// The running thread, to check whether a caller is on it.
        let thread = Atomic<UInt>(0)
    }

    private let mailbox = Mailbox()

    init(name: String) {
        let mailbox = self.mailbox
        // The thread retains the mailbox, and each job retains what it needs; the executor may be freed before the thread has ended.
        let thread = Thread { [unowned self] in
            mailbox.thread.store(UInt(pthread_self()), ordering: .releasing)
            let executor = asUnownedSerialExecutor()
            while let jobs = ConnectionThread.next(from: mailbox) {
                for job in jobs { job.runSynchronously(on: executor) }
            }
        }
        thread.name = name
        thread.stackSize = 512 << 10
        thread.start()
    }

    deinit { stop() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        mailbox.condition.lock()
        mailbox.queue.jobs.append(job)
        mailbox.condition.signal()
        mailbox.condition.unlock()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() {
        precondition(mailbox.thread.load(ordering: .acquiring) == UInt(pthread_self()), "not on the connection's thread")
    }

    private func stop() {
        mailbox.condition.lock()
        mailbox.queue.stopping = true
        mailbox.condition.signal()
        mailbox.condition.unlock()
    }

    private static func next(from mailbox: Mailbox) -> [UnownedJob]? {
        mailbox.condition.lock()
        defer { mailbox.condition.unlock() }
        while mailbox.queue.jobs.isEmpty && !mailbox.queue.stopping { mailbox.condition.wait() }
        if mailbox.queue.jobs.isEmpty { return nil }
        let jobs = mailbox.queue.jobs
        mailbox.queue.jobs.removeAll(keepingCapacity: true)
        return jobs
    }
}
