//! Lines of text and whole numbers. `core::fmt` would take more flash than most of the networks.

/// A line: a text.
pub fn say(text: &str) {
    write(text);
    write("\n");
}

/// A line: of what, a number, and what it counts.
pub fn show(what: &str, number: u32, unit: &str) {
    let mut digits = [b'0'; 10];
    let (mut rest, mut used) = (number, 0);
    for digit in digits.iter_mut().rev() {
        if rest > 0 || used == 0 {
            *digit = b'0' + (rest % 10) as u8;
            (rest, used) = (rest / 10, used + 1);
        }
    }
    write(what);
    write(": ");
    for (place, digit) in digits.iter().enumerate() {
        if place + used >= digits.len() {
            put(*digit);
        }
    }
    write(" ");
    say(unit);
}

fn write(text: &str) {
    for character in text.bytes() {
        put(character);
    }
}

#[cfg(target_os = "none")]
fn put(character: u8) {
    semihosting::sys::arm_compat::sys_writec(character);
}

#[cfg(not(target_os = "none"))]
fn put(character: u8) {
    print!("{}", char::from(character));
}
