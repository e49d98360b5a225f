//! `jobling:task` for core modules: the same functions as the component model's canonical ABI lowers them,
//! so that what wit-bindgen generates runs without becoming a component first.
//!
//! A list or string is an address and a length; an answer is written to the address in the last parameter,
//! and what it points to is put where the module's `cabi_realloc` says.

use wasmtime::component::Resource;
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Memory, Result};

use super::LIMITS;
use super::calls::{HeldSecret, MAX_NAME_BYTES, calls, too_long};
use super::host::{MAX_BODY_BYTES, MAX_PROGRESS_TEXT_BYTES, TaskFailure, TaskItem, TaskReason};
use crate::guest::Guest;

const PROGRESS: &str = "jobling:task/progress@0.1.0";
const QUEUE: &str = "jobling:task/work-queue@0.1.0";
const SECRETS: &str = "jobling:task/secrets@0.1.0";

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    progress(linker)?;
    limits(linker)?;
    open_and_close(linker)?;
    items(linker)?;
    settling(linker)?;
    secrets(linker)
}

fn progress(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(
        PROGRESS,
        "report",
        |mut caller: Caller<'_, Guest>, done: i64, total: i64, at: i32, length: i32| {
            // What is cut is not read at all; three bytes more than are kept, so that a letter is whole.
            let most = i32::try_from(MAX_PROGRESS_TEXT_BYTES + 3).unwrap_or(i32::MAX);
            let text = bytes(&mut caller, at, clamp(length, most))?;
            let text = String::from_utf8_lossy(&text);
            calls(caller.data_mut()).report(done.cast_unsigned(), total.cast_unsigned(), &text);
            Ok(())
        },
    )?;
    Ok(())
}

fn limits(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(LIMITS, "remaining-fuel", |caller: Caller<'_, Guest>| {
        Ok(caller.get_fuel()?.cast_signed())
    })?;
    Ok(())
}

fn open_and_close(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        QUEUE,
        "[static]queue.open",
        |mut caller: Caller<'_, Guest>, (at, length, answer): (i32, i32, i32)| {
            Box::new(async move {
                let opened = match name(&mut caller, at, length)? {
                    Ok(name) => calls(caller.data_mut()).open_queue(&name)?,
                    Err(failure) => Err(failure),
                };
                write_handle(&mut caller, answer, opened.map(|queue| queue.rep())).await
            })
        },
    )?;
    linker.func_wrap(
        QUEUE,
        "[resource-drop]queue",
        |mut caller: Caller<'_, Guest>, queue: i32| -> Result<()> {
            calls(caller.data_mut()).close_queue(handle(queue))
        },
    )?;
    Ok(())
}

fn items(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        QUEUE,
        "[method]queue.push",
        |mut caller: Caller<'_, Guest>, (queue, at, length, answer): (i32, i32, i32, i32)| {
            Box::new(async move {
                let bytes_asked = length.cast_unsigned() as usize;
                let pushed = if bytes_asked > MAX_BODY_BYTES {
                    Err(TaskFailure::new(TaskReason::Invalid, too_long(bytes_asked)))
                } else {
                    let body = bytes(&mut caller, at, length)?;
                    calls(caller.data_mut()).push(&handle(queue), body).await?
                };
                write_done(&mut caller, answer, pushed).await
            })
        },
    )?;
    linker.func_wrap_async(
        QUEUE,
        "[method]queue.reserve",
        |mut caller: Caller<'_, Guest>, (queue, wait_millis, answer): (i32, i32, i32)| {
            Box::new(async move {
                let wait_millis = wait_millis.cast_unsigned();
                let queue = handle(queue);
                let reserved = calls(caller.data_mut()).reserve(&queue, wait_millis).await?;
                write_item(&mut caller, answer, reserved).await
            })
        },
    )?;
    Ok(())
}

fn settling(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        QUEUE,
        "[method]queue.ack",
        |mut caller: Caller<'_, Guest>, (queue, receipt, answer): (i32, i64, i32)| {
            Box::new(async move {
                let receipt = receipt.cast_unsigned();
                let done = calls(caller.data_mut()).ack(&handle(queue), receipt).await?;
                write_done(&mut caller, answer, done).await
            })
        },
    )?;
    linker.func_wrap_async(
        QUEUE,
        "[method]queue.nack",
        |mut caller: Caller<'_, Guest>,
         (queue, receipt, delay_millis, answer): (i32, i64, i32, i32)| {
            Box::new(async move {
                let (receipt, delay) = (receipt.cast_unsigned(), delay_millis.cast_unsigned());
                let done = calls(caller.data_mut()).nack(&handle(queue), receipt, delay).await?;
                write_done(&mut caller, answer, done).await
            })
        },
    )?;
    linker.func_wrap_async(
        QUEUE,
        "[method]queue.extend",
        |mut caller: Caller<'_, Guest>, (queue, receipt, answer): (i32, i64, i32)| {
            Box::new(async move {
                let receipt = receipt.cast_unsigned();
                let done = calls(caller.data_mut()).extend(&handle(queue), receipt).await?;
                write_done(&mut caller, answer, done).await
            })
        },
    )?;
    Ok(())
}

fn secrets(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap_async(
        SECRETS,
        "[static]secret.open",
        |mut caller: Caller<'_, Guest>, (at, length, answer): (i32, i32, i32)| {
            Box::new(async move {
                let opened = match name(&mut caller, at, length)? {
                    Ok(name) => calls(caller.data_mut()).open_secret(&name)?,
                    Err(failure) => Err(failure),
                };
                write_handle(&mut caller, answer, opened.map(|secret| secret.rep())).await
            })
        },
    )?;
    linker.func_wrap_async(
        SECRETS,
        "[method]secret.reveal",
        |mut caller: Caller<'_, Guest>, (secret, answer): (i32, i32)| {
            Box::new(async move {
                let value = calls(caller.data_mut()).reveal(&handle::<HeldSecret>(secret))?;
                let mut area = [0; 8];
                put_list(&mut caller, &mut area, &value).await?;
                write(&mut caller, answer, &area)
            })
        },
    )?;
    linker.func_wrap(
        SECRETS,
        "[resource-drop]secret",
        |mut caller: Caller<'_, Guest>, secret: i32| -> Result<()> {
            calls(caller.data_mut()).close_secret(handle(secret))
        },
    )?;
    Ok(())
}

/// A handle is the resource's place in the table, which knows what kind it has there.
fn handle<T: 'static>(number: i32) -> Resource<T> {
    Resource::new_own(number.cast_unsigned())
}

fn clamp(length: i32, most: i32) -> i32 {
    if length.cast_unsigned() > most.cast_unsigned() { most } else { length }
}

/// Returns a name, or why it is none.
fn name(
    caller: &mut Caller<'_, Guest>,
    at: i32,
    length: i32,
) -> Result<std::result::Result<String, TaskFailure>> {
    let refused = |message: &str| Ok(Err(TaskFailure::new(TaskReason::Invalid, message)));
    if length.cast_unsigned() as usize > MAX_NAME_BYTES {
        return refused("the name is too long");
    }
    match String::from_utf8(bytes(caller, at, length)?) {
        Ok(name) => Ok(Ok(name)),
        Err(_) => refused("the name is not UTF-8"),
    }
}

fn memory(caller: &mut Caller<'_, Guest>) -> Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(wasmtime::Error::msg("the module exports no memory, which jobling:task needs")),
    }
}

/// Reads what the guest points at.
fn bytes(caller: &mut Caller<'_, Guest>, at: i32, length: i32) -> Result<Vec<u8>> {
    let (at, length) = (at.cast_unsigned() as usize, length.cast_unsigned() as usize);
    let memory = memory(caller)?;
    let data = memory.data(&*caller);
    let found = at.checked_add(length).and_then(|end| data.get(at..end));
    found.map(<[u8]>::to_vec).ok_or_else(out_of_bounds)
}

fn write(caller: &mut Caller<'_, Guest>, at: i32, content: &[u8]) -> Result<()> {
    let memory = memory(caller)?;
    memory
        .write(caller.as_context_mut(), at.cast_unsigned() as usize, content)
        .map_err(|_| out_of_bounds())
}

fn out_of_bounds() -> wasmtime::Error {
    wasmtime::Error::msg("a call of jobling:task points outside the memory")
}

/// Copies `content` to where the guest wants it, and puts address and length into `area`.
async fn put_list(caller: &mut Caller<'_, Guest>, area: &mut [u8], content: &[u8]) -> Result<()> {
    let length = i32::try_from(content.len())?;
    // The canonical ABI asks for no memory where there is nothing to put.
    let at = if length == 0 { 1 } else { allocate(caller, length).await? };
    if length > 0 {
        write(caller, at, content)?;
    }
    area[..4].copy_from_slice(&at.to_le_bytes());
    area[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

async fn allocate(caller: &mut Caller<'_, Guest>, length: i32) -> Result<i32> {
    let Some(Extern::Func(allocator)) = caller.get_export("cabi_realloc") else {
        let message = "the module exports no cabi_realloc, which answers of jobling:task need";
        return Err(wasmtime::Error::msg(message));
    };
    let allocator = allocator.typed::<(i32, i32, i32, i32), i32>(&*caller)?;
    allocator.call_async(caller.as_context_mut(), (0, 0, 1, length)).await
}

/// Writes a `failure`: the reason, then its text.
async fn put_failure(
    caller: &mut Caller<'_, Guest>,
    area: &mut [u8],
    failure: &TaskFailure,
) -> Result<()> {
    area[0] = match failure.reason {
        TaskReason::NotFound => 0,
        TaskReason::Invalid => 1,
        TaskReason::Full => 2,
        TaskReason::Lost => 3,
        TaskReason::Unreachable => 4,
    };
    put_list(caller, &mut area[4..12], failure.message.as_bytes()).await
}

/// Writes a `result<_, failure>`.
async fn write_done(
    caller: &mut Caller<'_, Guest>,
    answer: i32,
    done: std::result::Result<(), TaskFailure>,
) -> Result<()> {
    write_handle(caller, answer, done.map(|()| 0)).await
}

/// Writes a `result<HANDLE, failure>`: which of the two, and that at 4.
async fn write_handle(
    caller: &mut Caller<'_, Guest>,
    answer: i32,
    opened: std::result::Result<u32, TaskFailure>,
) -> Result<()> {
    let mut area = [0; 16];
    match opened {
        Ok(number) => area[4..8].copy_from_slice(&number.to_le_bytes()),
        Err(failure) => {
            area[0] = 1;
            put_failure(caller, &mut area[4..], &failure).await?;
        }
    }
    write(caller, answer, &area)
}

/// Writes a `result<option<item>, failure>`: which of the two; at 8 whether there is an item; that at 16:
/// its receipt, its attempt, its body.
async fn write_item(
    caller: &mut Caller<'_, Guest>,
    answer: i32,
    reserved: std::result::Result<Option<TaskItem>, TaskFailure>,
) -> Result<()> {
    let mut area = [0; 40];
    match reserved {
        Ok(None) => {}
        Ok(Some(item)) => {
            area[8] = 1;
            area[16..24].copy_from_slice(&item.receipt.to_le_bytes());
            area[24..28].copy_from_slice(&item.attempt.to_le_bytes());
            put_list(caller, &mut area[28..36], &item.body).await?;
        }
        Err(failure) => {
            area[0] = 1;
            put_failure(caller, &mut area[8..20], &failure).await?;
        }
    }
    write(caller, answer, &area)
}
