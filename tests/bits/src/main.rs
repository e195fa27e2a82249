//! Reports success by its exit code: to the system, or on a microcontroller to the debugger.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    if bits::run(|line| println!("{line}")) { 0.into() } else { 1.into() }
}

#[cfg(target_os = "none")]
#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    semihosting::process::exit(i32::from(!bits::run(|line| semihosting::println!("{line}"))))
}

/// A stack overflow, for example, ends here.
#[cfg(all(target_os = "none", target_arch = "arm"))]
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::process::exit(2)
}
