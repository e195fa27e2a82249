//! Prints text and integers. `core::fmt` would take more flash than most of the networks.

/// Prints a line of text.
pub fn say(text: &str) {
    write(text);
    write("\n");
}

/// Prints a line `quantity: number unit`.
pub fn show(quantity: &str, number: u32, unit: &str) {
    let mut digits = [b'0'; 10];
    let (mut rest, mut used) = (number, 0);
    for digit in digits.iter_mut().rev() {
        if rest > 0 || used == 0 {
            *digit = b'0' + (rest % 10) as u8;
            (rest, used) = (rest / 10, used + 1);
        }
    }
    write(quantity);
    write(": ");
    for (index, digit) in digits.iter().enumerate() {
        if index + used >= digits.len() {
            write_byte(*digit);
        }
    }
    write(" ");
    say(unit);
}

fn write(text: &str) {
    for byte in text.bytes() {
        write_byte(byte);
    }
}

#[cfg(target_os = "none")]
fn write_byte(byte: u8) {
    semihosting::sys::arm_compat::sys_writec(byte);
}

#[cfg(not(target_os = "none"))]
fn write_byte(byte: u8) {
    print!("{}", char::from(byte));
}
