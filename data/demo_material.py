"""What the demonstration corpus is written from: comments, events and feelings of each emotion.

Every line was written for this project and belongs to one split only. `make_demo.py` turns the lines into rows.

comments
    whole comments, used as they stand
events
    clauses that tell what happened and do not name the emotion; they go into a frame of `demo_frames.py`
feelings
    short sentences that say how it feels, for any event of the emotion; they go into a frame as well
states
    what can follow "I'm"; the emotion's own words, so all splits share them
"""

MATERIAL = {
    "admiration": {
        "states": """
            in awe
            so impressed
            full of respect
            deeply impressed
            a huge fan
            full of admiration
        """,
        "train": {
            "comments": """
                What a beautiful piece of work. You can see the hours in every single stitch.
                She taught herself piano from library books and plays like that? Incredible talent.
                This guy builds houses for strangers on his days off. The world needs more people like him.
                Your drawings just keep getting better. The hands alone are amazing.
                That goalkeeper is unreal. Forty years old and still the best on the pitch.
                Great write-up, clear and honest. Every guide here should be this good.
                My grandmother raised six kids and ran a farm by herself. Strongest woman I know.
                The detail on this model ship is stunning. Outstanding job.
                He stayed calm the entire time and got everyone out. Absolute hero.
                Wow, your garden looks fantastic. You clearly have a gift.
                That is some of the finest singing I have heard in years.
                I respect anyone who can work nights in a hospital and still smile at people.
                Brilliant answer, and so kind to the new guy too. Well done.
                The way she explains physics is wonderful. Best teacher on the internet.
                You ran a marathon at sixty eight? You are an inspiration, sir.
                This might be the most impressive sand castle ever made.
                Such a talented kid. That solo gave me goosebumps.
                Not many people would return a wallet full of cash. Good man.
                The camera work in this film is a masterpiece from start to finish.
                My coworker learned sign language so she could talk to one customer. I look up to her so much.
                Nice save! Your reflexes are something else.
                He writes every song, plays every part and mixes it all in his bedroom. Genius.
                Honestly one of the best posts I've seen on this sub. Excellent work.
                That landing was perfect. The pilot deserves a medal.
                You handled that rude customer with so much class.
                This cake looks like it belongs in a museum, superb work.
                She went back to school at fifty and opened her own shop. What a strong person.
                I could watch this man carve wood all day. So skilled.
                Amazing shot, the light on the water is gorgeous.
                Those nurses are worth more than gold, every last one of them.
            """,
            "events": """
                she carried an old man down nine flights of stairs
                this kid fixes bikes for free every weekend
                my aunt learned to swim at seventy and now she races
                he paints whole walls without a single sketch
                the coach gave his own bonus to the cleaning crew
                a blind chef on our street cooks better than anyone
                they rebuilt that engine with nothing but hand tools
                the bus driver knows every passenger by name
                you knitted a whole blanket in two weeks
                our librarian reads to sick children after her shift
                the drummer played the entire set with a broken wrist
                that guy ran into a burning house to save a cat
                she speaks five languages and never shows off
                the old carpenter cut that joint by eye
                you wrote this whole game alone in your spare time
                he raised three boys on one small wage
                the girl in the video climbs like a spider
                my dentist walks to far villages to treat people for nothing
                the whole choir learned the piece in one night
                this woman grew a forest on dead land
            """,
            "feelings": """
                what a talent
                that takes real skill
                I have nothing but respect
                this is incredible work
                simply amazing
                I could learn a lot from that
                some people are just built different
                hats off
                that is pure class
                such a great example to follow
                absolutely brilliant
                I look up to people like that
            """,
        },
        "dev": {
            "comments": """
                The patience it must take to paint something this small is remarkable.
                Your mother sounds like an amazing woman. Two jobs and night school is no joke.
                Best acting I have seen all year, and she is only eleven.
                Impressive work, especially for a first try!
                That firefighter went back in three times. I don't have that kind of courage.
                Whoever designed this bridge was brilliant.
                You explain hard things in such a clear way. Great post.
                He lost everything, started over and never said a bad word about anyone. I respect that deeply.
                The colors in this quilt are beautiful. You have a wonderful eye.
            """,
            "events": """
                a farmer in our valley built a school with his own hands
                the waitress remembers the orders of forty tables
                your photo of the storm looks like an oil painting
                he gave up his seat on the last boat
                that dancer is ninety and still on her toes
                the crew cleaned an entire beach before breakfast
                my boss took the blame for the whole team
                her violin solo made the room go silent
            """,
            "feelings": """
                what an impressive effort
                I admire that a lot
                that is a beautiful thing to be able to do
                a true class act
                very few people could do that so well
                that is what a real hero looks like
            """,
        },
        "test": {
            "comments": """
                Lovely work on the frame, those corners are flawless.
                This teacher buys winter coats for her students out of her own pocket. A saint.
                What an athlete. Two gold medals and still so humble.
                I admire how honest you are about all this. It takes guts.
                Great job on the speech, you had the whole hall listening.
                The guy restores old radios for fun and each one looks brand new. Magnificent.
                She is a much better person than I will ever be, and a better cook too.
                Fantastic voice, warm and strong. I would buy that album today.
                Anyone who adopts four old dogs is a hero in my book.
            """,
            "events": """
                this baker gets up at two to feed the homeless shelter
                the surgeon worked nineteen hours and saved both twins
                you turned an old door into that table
                the quiet kid solved the puzzle in his head
                one volunteer answers every single call at night
                his chess is three moves ahead of everyone
                the welder made a rose out of scrap iron
                she swam across the lake with one arm
            """,
            "feelings": """
                that is a rare gift
                excellent, just excellent
                much respect
                the skill is unreal
                what a legend
                I admire the patience and the work
            """,
        },
    },
    "amusement": {
        "states": """
            laughing so hard
            cracking up
            giggling
            crying with laughter
            in stitches
            still laughing
        """,
        "train": {
            "comments": """
                Lol the cat just stared at him like he owed it money.
                I laughed so hard at this that my coffee came out of my nose.
                Haha, the way he runs back when the goose turns around.
                The dog in the background is the real comedian here lmao.
                My dad put the tent up inside out and slept in it anyway. Comedy gold.
                This is the funniest thing I have read all week, thank goodness for the comments.
                "Do not lick the fence" is a sign with a story behind it haha.
                Hilarious. I read it out to my wife and she snorted.
                He walked into the same glass door twice. Twice! I'm dying.
                Lol at the horse judging your parking.
                I can't stop giggling at that haircut, it looks like a pineapple.
                My toddler told the priest he was too loud. The whole church lost it.
                Haha good one, you got me with that last line.
                The autocorrect turned my boss into "my goose" and I left it that way lol.
                I don't know what's funnier, the hat or his face when the wind took it.
                That parrot has better timing than most comedians.
                LOL you can hear the exact moment he regrets the hot sauce.
                This joke is so dumb and I have told it to nine people already.
                Every time the goat screams I lose it again. Every single time.
                My grandma thought the robot vacuum was a pet and named it Gerald haha.
                Why is the duck wearing boots, I'm crying laughing.
                The delivery was so dry, I nearly missed the joke. Very funny.
                He practiced his angry face in the mirror and sneezed. I'm in tears lol.
                Ha, my uncle does the same thing and thinks nobody notices.
                Nothing beats a grown man losing a fight with a deck chair.
                That pun hurt me, take my upvote and leave lol.
                Haha I can picture the cow's confusion when the drone landed.
                Funniest wedding speech ever, even the waiters had to sit down.
                I showed my brother the dancing frog and now he won't stop doing it lmao.
                The caption made me laugh out loud on a silent train.
            """,
            "events": """
                my cat fell off the shelf while giving me a dirty look
                our teacher sat on a whoopee cushion and blamed the chair
                the dog stole the sausage and then hid behind a very thin pole
                grandma asked the phone lady if she was married
                the kid in the play waved at his mom and forgot he was a tree
                my husband put salt in his tea and drank it out of pride
                the parrot says goodbye whenever my mother in law walks in
                he bowed to the automatic door
                our goat ate the homework and burped at the teacher
                the weather man got chased off screen by a swan
                my dad wears socks with sandals and calls it fashion
                the baby laughed at the mayor for the whole speech
                someone put googly eyes on every apple in the shop
                the wizard at the party pulled out a very confused hamster
                the waiter and I did that little left right dance for a full minute
                my niece introduced me to her class as an old man
                the seal slapped the other seal and looked away
                a guy in a banana suit slipped on the ice
                the choir went flat and the dog joined in
                our boss shared his screen with thirty tabs of duck pictures
            """,
            "feelings": """
                I can't stop laughing
                haha
                lol
                that is comedy gold
                this got a real laugh out of me
                I nearly choked on my tea laughing
                funniest thing I've seen all week
                hilarious
                I will be giggling about that until Friday
                my stomach hurts from laughing
                I'm dying lmao
                what a joke, in the best way
            """,
        },
        "dev": {
            "comments": """
                Lol he waited his whole life for someone to ask about the spoon.
                The penguin slipping and then acting cool about it is hilarious.
                I snorted so loud that my roommate came to check on me haha.
                Grandpa answering the TV remote like a phone, and saying hello twice. Comedy.
                Haha that is exactly the kind of stupid humor I come here for.
                My kid calls broccoli "angry trees" and I have to leave the table to laugh.
                That goat has a criminal record, I am sure of it lmao.
                What a funny little video, the squirrel really thought it could fly.
                The best part is the guy still chewing while the boat sinks lol.
            """,
            "events": """
                the raccoon shook his hand and took the whole sandwich
                my roommate argued with a cardboard man at the cinema
                the horse put its head in the photo and grinned
                a toddler told the bride she looked like a cupcake
                the moose stood in the drive through like a customer
                my uncle fell asleep in his own birthday speech
                he dressed up as a ghost and walked into a door
                the cow licked the news reporter's hair straight up
            """,
            "feelings": """
                lol, I needed a good laugh
                that is too funny
                I laughed way more than I should have
                hahaha
                I had to put my phone down and laugh
                it is so silly and I love that kind of humor
            """,
        },
        "test": {
            "comments": """
                Haha who gave the llama a microphone?
                I have watched the chair break about thirty times and it is still funny.
                My brother wore two different shoes to his interview and blamed the dog. I'm howling.
                LOL the pigeon just walked in and ordered like a regular.
                This is comedy at its finest, the baby has no idea what it started.
                He tried to high five a statue, I'm gone lol.
                Ha! Even the judge had to hide a smile behind his papers.
                Can we talk about the sheep wearing sunglasses? Made me chuckle.
                The subtitles say "angry violin noises" and I am done lol.
            """,
            "events": """
                the puppy barked at its own burp
                my mother texted "lol" at a serious email because she thought it meant lots of love
                a crab stole his ice cream and ran sideways
                the actor's fake beard ended up in the soup
                our neighbor waves at his own scarecrow every morning
                the clown car broke down and nine clowns had to push
                my son proudly told the dentist I eat candy in the dark
                the camel sneezed on the tour guide mid sentence
            """,
            "feelings": """
                haha, perfect comedy
                I am wheezing lol
                I laughed until my eyes watered
                so funny
                that gave me a good chuckle
                you could put it in a comedy show
            """,
        },
    },
    "anger": {
        "states": """
            furious
            so angry
            boiling with rage
            seething
            mad as hell
            beyond angry
        """,
        "train": {
            "comments": """
                He hit a dog with a stick and laughed. I want to scream.
                How dare they cut her pension after forty years of work! It makes my blood boil.
                I'm furious. They lied to my mother's face and took her savings.
                Get that man out of a classroom right now, he should be in jail.
                You stole from a charity for sick kids? Get out of my sight.
                I am so angry that I'm shaking as I type this.
                They knew the water was poisoned and told nobody. Monsters, all of them.
                My ex smashed my guitar and then had the nerve to ask for a ride. I hate him.
                This company can go to hell. Never giving them another cent.
                Shut up. Just shut up and stop blaming the victim.
                I slammed the phone down so hard that it cracked. Liars!
                It enrages me that he walked free after one night.
                Some idiot drove through a kids' race because he was late. Lock him up!
                I hate everything about the way they treat the staff there.
                What the hell is wrong with these people? She is nine years old!
                He spat at my grandfather. I have never been that mad in my life.
                My landlord threw my things into the rain. I swear I will take him to court.
                Damn them all. They sold our park behind our backs.
                Every time I hear that man's name I want to punch a wall.
                You do not get to shout at my wife like that. Ever.
                They laughed at her stutter in front of everyone and I saw red.
                I'm beyond mad, they put my dog down without even calling me.
                The rage I feel when I read this is hard to describe.
                Screw that manager. He fired her on her wedding day.
                Somebody keyed my car again and I'm about to lose it.
                How can anyone leave a baby in a hot car? I'm so angry I could cry.
                I yelled at the screen. That referee ruined four years of work and smirked about it.
                Those thugs beat up a homeless man for a video. Disgraceful cowards, I hope they rot.
                I told him to get out of my house before I threw him out.
                They cheated us, they know it, and nobody will pay for it. I'm livid.
            """,
            "events": """
                they fired my father two weeks before he could retire
                a man pushed an old lady off the bus and walked away
                the company poisoned our river and paid a tiny fine
                someone cut the brakes on my kid's bike
                he lied in court and she lost her children
                my boss took my work and got a prize for it
                the guard hit a boy who was already on the floor
                they sold my grandmother a broken heater and kept the cash
                our neighbor shot at my dog for barking
                the drunk who crashed into us laughed at the judge
                my brother stole our mother's wedding ring
                the landlord turned off the heat with a baby in the flat
                they called my son names until he cried
                the hospital sent her home and now they deny it
                a gang wrecked the new playground for fun
                the boss screamed at a girl on her first day
                he drained our account and blamed me
                they beat that horse until it fell
                some man followed my sister and the police shrugged
                the owner kept all the tips for himself
            """,
            "feelings": """
                I'm so angry I can't think
                it makes my blood boil
                I could scream
                somebody needs to pay for this
                I hate them for it
                how dare they!
                I am furious
                I want to break something
                damn them all to hell
                I have never been so mad
                they should be in jail
                I'm shaking with rage
            """,
        },
        "dev": {
            "comments": """
                What kind of coward kicks a man on the ground? My hands are still shaking with anger.
                I hate that company with every bone in my body.
                They took her kids' Christmas money! Throw the whole lot of them in jail!
                I have been shouting at this article for ten minutes.
                He cheated on her, then emptied the bank account. I could scream at him for a week.
                How dare you talk to a nurse like that!
                It makes me so mad that the rich boy got off with a warning.
                To hell with the owner, he let those horses starve.
                My blood is boiling. They cut down a tree that my father planted.
            """,
            "events": """
                the manager spat in the face of a cleaner
                somebody burned down the animal shelter for insurance cash
                my ex told the kids that I never wanted them
                they threw an old soldier out of his own home
                a grown man hit a child over a ball
                the boss cut our wages and bought a boat
                he hid the letters that my daughter wrote to me
                the police laughed at her when she reported it
            """,
            "feelings": """
                I hope they rot in jail
                my blood is boiling
                I could punch somebody
                this fills me with anger
                I am mad enough to spit
                I hate people like that
            """,
        },
        "test": {
            "comments": """
                I am livid, the guy filmed the crash and did not help.
                She trusted you and you sold her photos? You are scum.
                Damn that bank! They took my brother's house over a typing error.
                I want the man who hurt that cat behind bars tonight.
                Go away and never speak to my daughter again, you hear me?
                Nothing makes me angrier than bullies with rich fathers.
                They fined a widow for planting flowers. I'm so mad I can't see straight.
                The rage is real, I threw my controller across the room.
                He called my son worthless. I will never forgive that, never.
            """,
            "events": """
                a thief took the cash box from the cancer walk
                they locked the fire doors so workers could not leave
                my stepfather sold my late mother's piano behind my back
                the driver hit a cyclist and sped off
                he bullied a boy with one leg on live video
                the insurer refused to pay for her heart surgery
                our own coach lied and got my brother banned
                they poisoned the street dogs in one night
            """,
            "feelings": """
                I see red every time I think of it
                I'm so mad
                lock them up!
                what a bunch of heartless thugs
                it enrages me
                I am angry to the core
            """,
        },
    },
    "annoyance": {
        "states": """
            annoyed
            a bit irritated
            very irritated
            fed up
            sick of it
            so annoyed
        """,
        "train": {
            "comments": """
                Ugh, not this repost again. Third time this week.
                Can people please stop chewing with their mouths open?
                My neighbor starts his leaf blower at seven every Saturday. Give it a rest already.
                It bugs me so much when the cart has one bad wheel.
                Another update, another button moved for no reason. So irritating.
                Why do people stop dead at the top of the stairs? Move along!
                The phone menu kept me on hold for an hour and then hung up. Typical.
                I'm tired of every video starting with a two minute intro.
                Stop replying to all. Four hundred people do not need to know you're out.
                My roommate never closes a single cupboard. Not one. Annoying as heck.
                Ads in the middle of a song? Really?
                You could have just looked at the sidebar instead of asking for the tenth time.
                That fake laugh track gets on my nerves.
                The printer jams only when I am in a hurry, every time.
                Yes, we know you run. You tell us every ten minutes.
                It's annoying when people say "no offense" right before being rude.
                Somebody took my labeled lunch again. Come on, folks.
                Ugh, the app logs me out every time I lock my phone.
                Quit leaving one sheet on the roll, it drives me nuts.
                I swear my upstairs neighbor drops marbles for a hobby.
                For the last time, it's not my department.
                Stupid sticky label won't come off the glass and I've been scrubbing for ages.
                Oh great, another survey. I only bought socks.
                He hums the same four notes all day long. I'm losing patience.
                It's a small thing, but mumbling during meetings really irks me.
                My sister borrows my charger and gives it back broken. Every. Time.
                I can't stand it when a recipe needs my whole scroll wheel before the ingredients.
                The bus came six minutes early and left without us, so that's fun.
                Please stop tagging me in these chain posts.
                The kid behind me kicked my seat for five hours straight. Ugh.
            """,
            "events": """
                the neighbor mows his lawn at six in the morning
                my coworker sniffs all day and never blows his nose
                the site makes you sign up just to see the price
                they moved the bread to another aisle again
                the guy in front of me pays with a bag of coins
                my phone updates itself right before every call
                the dishwasher beeps until somebody opens it
                people keep standing on both sides of the escalator
                my brother leaves wet towels on my bed
                the form loses all my answers when I press back
                every reply in here is the same old joke
                the delivery man rings and is gone before I reach the door
                the kids upstairs bounce a ball until midnight
                my boss books meetings over lunch
                the wifi drops whenever it rains
                someone keeps using my mug and not washing it
                the trailer gives away the whole plot
                this jar will not open, no matter what I try
                the checkout keeps telling me to wait for help
                my mother in law rearranged my kitchen again
            """,
            "feelings": """
                ugh
                it drives me nuts
                so annoying
                can we not?
                it gets on my nerves
                I am running out of patience
                how hard can it be?
                give me a break
                this is getting old
                it bugs me more than it should
                I'm sick of it
                every single time
            """,
        },
        "dev": {
            "comments": """
                Ugh, the elevator is out again and I live on the eighth floor.
                Could you not text during the film? The light is so distracting.
                I'm getting really tired of passwords that expire every month.
                Whoever keeps parking across two spaces, please learn to drive.
                My coworker says "per my last email" like it's a hobby. So irritating.
                It's the same lame joke under every post, get new material.
                The wrapper is louder than the movie and of course he unwraps it slowly.
                Stop asking if I tried turning it off and on. Yes, I did.
                Nothing bugs me like a sock that slides down inside the boot.
            """,
            "events": """
                the man next to me reads his emails out loud
                our printer wants blue ink to print in black
                the coffee machine is always empty when I get there
                the website plays a video the second you open it
                my flatmate eats the last slice and leaves the box
                the dog next door barks at every single leaf
                half the comments are people asking what happened
                the lift stops at every floor for nobody
            """,
            "feelings": """
                it is really starting to bug me
                ugh, not again
                such an irritating habit
                please make it stop
                I've had about enough of that
                I rolled my eyes so hard
            """,
        },
        "test": {
            "comments": """
                Ugh, he clicks his pen all through the exam.
                I ordered it without onions. It came with extra onions. Sigh.
                Why is every parcel left at the one neighbor who is never home?
                People who talk on speaker in the train get on my last nerve.
                The alarm next door has been going for three hours now, so annoying.
                Yet another cookie banner. Just let me read the page.
                My dad forwards me the same warning every week, so sick of it.
                Would it kill you to use a comma?
                The lid never fits the box, no matter which lid I pick. Irritating.
            """,
            "events": """
                the shop put the sticker right on the book cover
                a mosquito kept me up until four
                my cousin calls at dinner time every evening
                the tap in my hotel room drips all night
                my teammate schedules calls that could be one line
                the remote only works from one corner of the sofa
                the same ad follows me to every page
                the road crew drills outside my window on Sundays
            """,
            "feelings": """
                annoying as always
                it gets under my skin
                is a little common sense too much to ask?
                sigh
                I'm so tired of this nonsense
                it irks me
            """,
        },
    },
    "approval": {
        "states": """
            all for it
            on board
            in full agreement
            in favor
            fully behind it
            happy with it
        """,
        "train": {
            "comments": """
                I agree, this is the right way to handle it.
                Yep, that's how it should be done. Good call.
                Exactly. Rest days matter as much as training days.
                You are right, nobody needs six streaming services.
                Fair point, I would have voted the same way.
                Makes sense to me. Keep the old rules and add the new one.
                I support this. Cheap buses help everyone.
                Good decision by the school, phones belong in the bag.
                Yes, this. Always test the brakes before a long trip.
                Sounds like a solid plan, I'd go with the second option.
                He has every right to say no and I'm glad he did.
                Agreed. A short honest answer is better than a long vague one.
                That's a reasonable price for handmade shoes, totally worth it.
                I like this rule. It keeps the threads clean.
                Well said, I couldn't agree more with the last line.
                True, a cold shower does wake you up.
                This is the correct opinion about pineapple and I stand by it.
                You did the right thing by telling her the truth.
                I think the judge got it right this time.
                Definitely. Walk before you run.
                Good on them for paying the interns.
                The new layout works well, everything is where it should be.
                Yes, a four day week is a good idea and more firms should try it.
                That's valid, you don't owe anyone an explanation.
                I back the mods on this one, those links had to go.
                Sure, that works, and it's fair to both sides.
                Right, a used car is fine as long as it has been looked after.
                Can confirm, boiling them for nine minutes is perfect.
                It's okay to leave a party early. You made the right choice.
                Finally a policy that rewards honest work. Count me in.
            """,
            "events": """
                the school starts an hour later for teenagers now
                the town put in real bike lanes
                they made the rules the same for everybody
                you told him no in plain words
                the club asks new members to help out first
                the shop lets you return things without a fight
                she waited for the facts before she spoke
                they moved the money from parking to parks
                the team picked the player who works hardest
                you tested it twice before you sold it
                the new boss ended all meetings after four
                the judge gave him work to do and not jail
                our office switched to plain language in letters
                they put the price on the front of the box
                the doctor tried rest before pills
                you keep your savings in a boring account
                he let the kids settle it themselves
                the forum asks for a source with each claim
                they gave night workers an extra day off
                the landlord checks with us before he comes in
            """,
            "feelings": """
                that's how it should be
                I agree
                good call
                it makes sense to me
                that is the right thing to do
                I fully support it
                fair enough
                you won't hear any complaints from me
                more places should do the same
                that works for me
                sounds right to me
                I'd vote for that
            """,
        },
        "dev": {
            "comments": """
                Correct, and more people should say so out loud. I agree with all of it.
                You made the sensible choice, a warm coat beats a fancy one.
                Yes, teach kids to cook. It should be on every timetable.
                I'm fine with this change, it is fair and simple.
                This is good advice. Sleep on it before you sign.
                The referee made the right decision there, clear foul.
                Agree with the top comment, water the roots and not the leaves.
                Sounds reasonable, and your sister would probably say the same.
                I think you are right to ask for a raise.
            """,
            "events": """
                the council planted trees along the whole road
                the bakery sells old bread at half price
                you set a limit and stuck to it
                the teacher lets them use notes in the test
                they train new staff for a full month
                the league put the same cap on every club
                our street holds a vote before any change
                he paid off the small debts first
            """,
            "feelings": """
                totally agree with it
                a good decision
                they got that right
                seems reasonable to me
                I back it all the way
                yes, exactly that
            """,
        },
        "test": {
            "comments": """
                Yup, spot on. Buy cheap, buy twice.
                I agree with the ban, that street was never safe for kids.
                You were right to call the doctor, better safe than sorry.
                Good rule, and easy to follow too.
                I approve of this sandwich. Proper bread, no nonsense.
                That's true, honest reviews are worth more than stars.
                Yeah, I would do it exactly like that. Sound thinking.
                The plan is good, small steps and a clear goal.
                Keeping the library open late is the right move in my opinion.
            """,
            "events": """
                the store closes on Sundays so staff can rest
                the city turned the empty lot into a garden
                you asked for it in writing
                the rules now fit on a single page
                the coach benched his star for being late
                they let people work from home on bad weather days
                my bank calls before any large payment
                the museum is free for kids
            """,
            "feelings": """
                I agree with that completely
                sensible and fair
                that is the correct way to do it
                it gets my vote
                couldn't have said it better
                a sound choice
            """,
        },
    },
    "caring": {
        "states": """
            here for you
            worried about you
            thinking of you
            rooting for you
            sending a hug
            here to help
        """,
        "train": {
            "comments": """
                Please eat something warm and get some sleep. We can sort the rest out tomorrow.
                You are not alone in this. Message me any time, day or night.
                Be gentle with yourself, healing takes as long as it takes.
                Call her tonight, she shouldn't be alone after news like that.
                I hope you have someone with you. Big hugs from far away.
                Take your time, kid. Nobody here is judging you.
                Please see a doctor about that cough, we want you around.
                Bring him some soup and sit with him a while, that's all he needs.
                Sending you strength. One day at a time, okay?
                Drink some water and rest. The work can wait.
                If you ever need a place to stay, my door is open.
                Check on your quiet friends this winter. A short message can help a lot.
                It's okay to cry. Let it out and then let somebody hold you.
                Wear a helmet, please. We care about that head of yours.
                Stay safe on those roads tonight and text us when you're home.
                You matter to more people than you think. Please reach out to one of them.
                Poor little thing, wrap her in a blanket and keep her close.
                I will keep your family in my prayers. Take care of each other.
                Don't carry all of that by yourself, let us help.
                Keep the kitten warm and feed it every two hours, it needs you.
                Hey, are you okay? Your last post sounded heavy. I'm here to listen.
                Give your mom a hug from me and look after yourself too.
                You deserve someone who is kind to you. Please remember that.
                Leave him, sweetheart. You and the baby come first.
                My inbox is open if you want to talk it through, no pressure.
                Please don't drive when you are this tired, let someone pick you up.
                She is lucky to have you, but you need rest as well. Who is looking after you?
                Hold on, friend. There are people who will help you through this.
                Put the phone away and go for a slow walk. Be kind to your head.
                We saved you a seat and a plate. Come over whenever you're ready.
            """,
            "events": """
                you have been up with the baby three nights in a row
                you said that nobody has called you all week
                your hands were shaking in that video
                you are working two jobs with a fever
                your son has nobody to sit with at lunch
                you wrote that you can't eat anymore
                you walk home alone on that dark road
                your mother is in the hospital and you are far away
                you keep telling everyone that you are fine
                your back has been hurting for months
                you moved to a new city and know nobody
                you are carrying the whole family on your own
                your puppy has not touched its food since Monday
                you sit by his bed all night, every night
                you posted at four in the morning again
                your little brother stopped talking at home
                you are sleeping on the floor of an office
                you are about to spend the holidays by yourself
                your grandmother lives alone on the third floor
                you have not taken a single day off this year
            """,
            "feelings": """
                please take care of yourself
                be gentle with yourself
                let someone help you
                I am here if you want to talk
                sending a big hug
                please get some rest
                you don't have to do this alone
                my door is always open
                stay safe, okay?
                we are looking out for you
                let me know what I can bring
                please talk to someone you trust
            """,
        },
        "dev": {
            "comments": """
                Please be careful on that ladder, and let someone hold it for you.
                You sound worn out. Could a friend watch the kids for one evening?
                Hugs. You don't have to be strong all the time.
                Make sure your grandfather keeps drinking water in this heat.
                I worry about you out there. Let us know that you got home.
                Talk to somebody you trust, you don't need to face that by yourself.
                Tuck him in, leave the light on and tell him you're right next door.
                Whatever you decide, we are on your side. Take care, okay?
                Rest that ankle and let the others carry the boxes.
            """,
            "events": """
                you burned your arm and never had it looked at
                your dad sits by the window all day now
                you sounded so small on the phone
                you care for everybody except yourself
                your roommate has not left his bed in days
                you are sleeping in your car this month
                your girl came home from school without her shoes
                you skipped dinner again to finish the report
            """,
            "feelings": """
                hugs to you and yours
                is there anyone who can stay with you tonight?
                you deserve some care too
                take it slow and let people help
                I hope someone is looking after you
                write to me whenever it gets heavy
            """,
        },
        "test": {
            "comments": """
                Are you eating properly? I could drop off dinner on Thursday.
                Please get help, there are kind people on that line at any hour.
                Be good to yourself this week. You have been through a lot.
                Keep her warm, keep her calm, and ring the vet now.
                Sending love to you and your boys, you are in our thoughts.
                Nobody should sit in a hospital alone. Which ward is he in? I'll visit.
                You're allowed to rest. Let the dishes wait and go lie down.
                Look after that hand and change the bandage every night.
                I don't know you, but I hope tomorrow is softer on you. Hugs.
            """,
            "events": """
                your old neighbor slipped on the ice this morning
                you have a long surgery coming up on Monday
                you are nursing a sick husband and a newborn
                your best friend stopped answering messages
                you lost ten pounds and your smile
                your daughter hides in her room after school
                you hurt your knee and still went to work
                you spend each evening alone in that big house
            """,
            "feelings": """
                please be kind to yourself
                how can we help?
                I'm sending you strength
                lean on us for a while
                rest up, and call if you need anything
                you are not alone
            """,
        },
    },
    "confusion": {
        "states": """
            so confused
            completely lost
            puzzled
            scratching my head
            baffled
            really confused
        """,
        "train": {
            "comments": """
                Wait, what? I thought they were brothers.
                I've read this three times and I still don't get it.
                Maybe I'm slow, but how is that a sandwich?
                Huh? Did the dog answer the phone or did you?
                Someone explain this to me like I'm five, please.
                I don't understand why the second door was locked if nobody lives there.
                So is he the father or the uncle? I'm lost.
                I can't tell if this is a joke or a real ad.
                The map says left, the sign says right, and the road goes up. What?
                Not sure what you mean by "soft wednesday" here.
                Why would you freeze the towels? I'm missing something.
                I am confused, the title says cat but that's clearly a fox.
                What does any of this have to do with the price of eggs?
                I don't know whether to reply or pretend that I never saw it. What is going on?
                How can it be both closed and open all night? Makes no sense.
                The instructions jump from step two to step five and I'm baffled.
                Hold on, whose birthday was it in the first place?
                My head hurts trying to follow this timeline.
                I genuinely cannot work out which one is the twin.
                He said yes, then he said no, then he sent a picture of a lamp. Huh?
                No clue what I just watched.
                Is this a recipe or a threat? I honestly can't tell.
                They speak English in the first half and then something else, I'm totally lost.
                I must be reading this wrong, because the numbers don't add up.
                What do people mean when they say the milk is "too loud"?
                I don't get the ending at all. Was she dead the whole time?
                Why is there a spoon in the shower, and why is nobody asking?
                I'm puzzled by the third graph, what is it even counting?
                So we pay them to sell our own house to us? Explain.
                My boss told me to "circle the square" and walked off. I have no idea what to do.
            """,
            "events": """
                the label says both fresh and frozen
                half of the thread says yes and the other half says no
                the receipt has a charge for nine umbrellas
                the last page starts with a man nobody mentioned before
                my horoscope and my weather app sent the same message
                two people in this photo have the same left hand
                the meeting was canceled but it also starts at three
                the answer key says B and then explains C
                he left a note that just says "not the blue one"
                the light switch turns on the neighbor's radio
                the sign points to two different north exits
                she waved at me and called me by another name
                the box came with four screws and five holes
                the form asks for my age in pounds
                everyone in the group uses a word I have never seen
                the film ends in the middle of a sentence
                my calendar shows a lunch with someone called Ask Dave
                the recipe wants the eggs in before and after baking
                the bus with my number went the other way
                the manual has pictures of a different machine
            """,
            "feelings": """
                I don't get it
                what does that even mean?
                I am so confused
                it makes no sense to me
                can someone explain?
                I have no idea what is going on
                huh?
                am I missing something?
                I'm totally lost here
                my brain can't follow this
                how does that work?
                I can't tell what they mean
            """,
        },
        "dev": {
            "comments": """
                Sorry, what? Are we talking about the boat or the dog now?
                I don't understand the rules. Can you move twice or not?
                This diagram confuses me even more than the text.
                Which of the four Toms is the murderer, I lost track in chapter two.
                He thanked me for something and I have no clue what it was.
                Am I the only one who doesn't get this meme?
                The bill went up because I used less? How does that work?
                I can't follow this plot, why did the train turn around?
                It says "pull" on a door with no handle. What am I supposed to do?
            """,
            "events": """
                the tickets show two dates for one concert
                my key opens his door but not mine
                the letter is signed by me and I never wrote it
                they told us to whisper in the shouting room
                the clock in the hall runs backward after lunch
                the menu lists soup under things to wear
                the rule book says the loser goes first and last
                the parking sign has nine lines and an arrow to the sky
            """,
            "feelings": """
                I really don't understand
                what am I looking at?
                someone please clear this up for me
                no clue what it means
                this is puzzling
                wait, what?
            """,
        },
        "test": {
            "comments": """
                Huh, that makes zero sense to me.
                I'm not sure I follow. Was the wedding before or after the flood?
                What even is this thing, a chair or a ladder?
                The sign says no entry and no exit. Now I don't know where to stand.
                I'm lost, who is speaking in the last paragraph?
                They mailed me one shoe and a letter in Latin. I have questions.
                Could somebody clear this up, is noon am or pm?
                I don't get why everyone is clapping.
                Am I dumb or does the second half contradict the first half?
            """,
            "events": """
                the teacher marked it wrong and wrote "correct" beside it
                the app says I walked twelve miles in my sleep
                his story changes each time the bell rings
                the password hint is simply the word no
                there are three floors and the lift has four buttons
                the package is both delivered and not yet sent
                the song title has nothing to do with the song
                the bank thanks me for closing an account I still use
            """,
            "feelings": """
                I can't make sense of it
                what is that supposed to mean?
                I am baffled
                could anyone explain that to me?
                it has me scratching my head
                I don't follow
            """,
        },
    },
    "curiosity": {
        "states": """
            curious
            dying to know
            intrigued
            so curious
            very interested
            wondering why
        """,
        "train": {
            "comments": """
                What kind of wood is that, and how long did it take to dry?
                I wonder how they got the piano up to the seventh floor.
                Does anyone know what the little hole in a pen cap is for?
                How do you even get into a job like that? Did you study for it?
                Curious, what did people use before toothpaste?
                Where was this picture taken? I'd love to know more about the place.
                Is it true that octopuses dream? Genuinely interested.
                What happens if you leave it in the oven for a whole day?
                I'm curious how much a thing like that weighs.
                Has anybody here met a person who grew up on a lighthouse?
                Interesting, tell me more about the part with the bees.
                What made you pick the green one in the end?
                How old is the tree in the middle, and who planted it?
                So what did the letter say? I have to know.
                I've always wondered what pilots talk about on long night flights.
                Do fish ever get thirsty? Serious question.
                What's the story behind that scar, if you don't mind me asking?
                Who was the first person to look at an artichoke and think lunch?
                Any idea which song plays at the start of the video?
                I wonder what this street looked like two hundred years ago.
                How many languages does your parrot understand?
                Did they ever find out who sent the flowers?
                I would like to hear the other side of this, what does your sister say?
                What is it like to live that far north in winter?
                Do you shine both shoes at once or one at a time? I'm intrigued.
                Which of these books did you start with, and why that one?
                I looked up how glass is made and now I want to know about sand.
                Does the cat know its own name or only the sound of the can?
                How does the ticket machine know which coins are fake?
                What were you doing out there at four in the morning, may I ask?
            """,
            "events": """
                nobody says what is behind the red door
                the article never explains how the ants find home
                there is a whole town under that lake
                my grandfather left a box with a lock and no key
                this tiny island has its own alphabet
                the video cuts off right before she opens the letter
                people here leave shoes on that one tree
                the old map shows a road that isn't there now
                that bird builds its nest with glass
                the man next door gets a huge parcel each Monday
                some trees in that forest grow in a perfect circle
                you mentioned a second job and then said no more
                the museum keeps one room closed to visitors
                a monk in that village has been silent since he was ten
                this bread is two days old and still warm inside
                there is a number written under every chair
                the whales in that bay sing a different song each year
                somebody carved our names in stone long before we were born
                the machine has one button without a label
                my cat goes somewhere every night at two
            """,
            "feelings": """
                I wonder why
                how did that come about?
                I'd love to know more
                does anyone know the story?
                tell me more
                I need to know how it works
                I'm so curious
                what happened next?
                I want to look into this
                has anyone ever asked?
                who could have done that?
                it makes you wonder
            """,
        },
        "dev": {
            "comments": """
                I wonder whether the two of them ever met again.
                What did the room smell like? I'm always curious about that.
                How do ships anchor where the sea is miles deep?
                Is there a reason why manhole covers are round?
                What would a bear do with a mirror? Has anyone tried it?
                Do you remember which year that was? I'd like to look it up.
                Interesting choice, what made you move to an island?
                Who takes care of the clocks in a palace?
                How long can a candle like this burn? Asking out of pure interest.
            """,
            "events": """
                the lamp in the tower goes on by itself each March
                your aunt ran a circus before she was a judge
                there is a tunnel between the church and the pub
                the fish in this cave have no eyes
                one page of the diary was written in code
                a violin in that shop has never been sold
                the desert there makes a humming sound
                the stamp on the letter is from a country that no longer exists
            """,
            "feelings": """
                I wonder how it works
                can you tell us more about it?
                now I really want to know
                why is that?
                I am curious to hear the rest
                any idea where I could read more?
            """,
        },
        "test": {
            "comments": """
                What's inside the round tower? I've walked by it for years.
                Curious about the recipe, do you use cold or warm water?
                Do twins dream about each other? I'd love to read a study on that.
                How did your grandparents meet, if I may ask?
                I wonder who lives in the house with the blue lamp.
                What was the first word that your kid could read?
                Does it hum when you switch it on, or is it silent?
                Which came first, the color or the fruit?
                Tell us about the key, what does it open?
            """,
            "events": """
                the well in the yard is deeper than any rope
                they grow a black tomato on that farm
                someone feeds the crows and the crows bring gifts
                the last survivor never told anyone her name
                the road bends around one single stone
                my teacher used to work at the south pole
                that old radio picks up a station at midnight only
                there is a staircase in the woods that leads nowhere
            """,
            "feelings": """
                I'd like to learn more
                what's the reason for it?
                I wonder who knows
                does someone have the details?
                that has made me very curious
                how does it end?
            """,
        },
    },
    "desire": {
        "states": """
            craving it
            filled with longing
            longing for it
            dreaming of it
            desperate for it
            tempted
        """,
        "train": {
            "comments": """
                I want this jacket so badly it hurts.
                I'd give anything to live in a cabin like that.
                Now I'm craving noodles at two in the morning.
                If only I could play the cello like her.
                I need this puppy in my life. Where do I sign?
                I wish I had a kitchen with a window that big.
                Somebody please buy me this telescope.
                I would kill for a slice of that pie right now.
                All I want is one quiet week by the sea.
                Man, I wish my school had a pool.
                I've wanted a red bike since I was six and I still want it.
                Take my money! I need those boots.
                I long for a garden of my own, even a small one.
                My mouth is watering. I must have that burger.
                I really hope they sell it here one day, I want two of them.
                If I had the cash, that old van would be mine by tonight.
                I want to go back to that village and never leave.
                Can I have your life please, just for a weekend?
                I dream of a job where I can be outside all day.
                Oh to be a cat on that warm windowsill.
                I'd love to own a bookshop with a dog in it.
                I keep looking at the same ring every lunch break. I want it.
                I could really go for a cold lemonade and a chair in the shade.
                Wish I could sing, I would trade my car for that voice.
                God I want to kiss him. That is all.
                I need more of this show, give me ten seasons.
                One day I will have a house with a library and a ladder on wheels. I want it so much.
                Please let there be one left in my size, I want them more than anything.
                I'd do anything for another hour in bed.
                Every time I see snow on TV I ache to be in the mountains.
            """,
            "events": """
                the shop on the corner put a blue guitar in the window
                that bakery still makes the almond cake
                they rent out a lighthouse by the night
                my friend just got a hot tub for her roof
                the neighbor is grilling and the smell comes right in
                the last house on our street is up for sale
                a trip around the world costs less than my car
                they sell a coat made of real wool down the road
                he has a record player and a wall of old jazz
                that restaurant brings you a whole plate of warm bread
                there is a job open at the zoo
                she gets to sleep until ten every day
                the pool on that roof looks out over the bay
                my cousin has a pony and a pond
                that stall does fried chicken with honey
                the new phone fits in one hand
                a train goes from here to the sea in two hours
                they have a cottage by the lake and never use it
                the girl from the coffee place smiled at me again
                the toy I never got as a kid is back in stores
            """,
            "feelings": """
                I want one so badly
                I need it in my life
                if only it were mine
                I wish I could have that
                my mouth is watering
                I'd give anything for that
                I must have it
                take my money
                I dream about it every night
                someday I will have one too
                oh how I want that
                I would trade places in a heartbeat
            """,
        },
        "dev": {
            "comments": """
                I want a cabin with no neighbors and a wood stove.
                Why did I read this while hungry, I need those dumplings now.
                I'd give my left arm for front row seats.
                I wish I could afford even the cheapest one of these.
                Oh, I want to hold a koala before I die.
                If only there was a beach within an hour of here. I'm longing for the sea.
                I crave a real summer with no phone.
                That green coat keeps calling my name. I must own it.
                I'd love a cup of that coffee, the smell comes through the screen.
            """,
            "events": """
                the sweater in that photo looks soft as a cloud
                my sister eats mangoes from her own tree
                a little house in the hills came on the market
                the ice cream van has salted caramel now
                they hired someone to taste chocolate all day
                the boat at the pier has a price tag on it
                he cooks her dinner with candles each Friday
                there is one seat left on the night train south
            """,
            "feelings": """
                I want that more than anything
                I wish it was me
                it is all I can think about, I need it
                I would give a lot for that
                I'm longing for just one taste of it
                oh, to have something like that
            """,
        },
        "test": {
            "comments": """
                I need this sofa. I need it today.
                How I wish I could see the northern lights just once.
                Craving pizza so hard that I dreamed about it.
                I want what they have, fifty years and still holding hands.
                I would sell my bed for that guitar.
                Somebody give me a farm with three goats and no email, please.
                I keep hoping he will ask me out, I want it more than I'd admit.
                My dream is a small boat named after my dog.
                I'd love to wake up in Paris tomorrow and eat bread all day.
            """,
            "events": """
                the market sells peaches as big as my fist
                my coworker is off to the islands for a month
                that motorbike has been in the window since May
                the flat upstairs has a fireplace and a balcony
                their wedding had a table full of cheese
                you can rent a tree house above the river
                she owns the exact watch from the film
                the old theater looks for someone to live in it
            """,
            "feelings": """
                I want it, oh how badly I want it
                how I wish that were mine
                I'd do almost anything to get it
                I keep dreaming of it
                give it to me right now
                one of these days it has to be mine
            """,
        },
    },
    "disappointment": {
        "states": """
            so disappointed
            let down
            bummed out
            underwhelmed
            not impressed
            a little deflated
        """,
        "train": {
            "comments": """
                I waited all year for this sequel and it was so boring.
                Well, that was a letdown. The trailer was better than the film.
                I expected more from a place with such good reviews.
                Our team led by three goals and still lost. What a pity.
                I saved up for months and the thing broke after a day.
                Disappointing. The book starts so well and then goes nowhere.
                They canceled the show right before the last season. Such a waste.
                I hoped she would say yes, but she just laughed.
                The famous view was all fog. Four hours of hiking for a gray wall.
                Not what I hoped for. The color is dull and the fabric is thin.
                He promised to come to my play and never showed up.
                I thought this game would be great, but half of it is missing.
                The cake looked amazing and tasted of nothing. Oh well.
                My interview was moved twice and then they picked someone else. Bummer.
                I really believed he had changed. I guess not.
                All that hype for a ten minute concert.
                It's a shame, they had such a good idea and ruined it with ads.
                I got my hopes up for snow and it rained all week.
                Only two people came to my birthday.
                I was hoping for an answer, not a link to the same page.
                The restaurant of my childhood is now a phone shop. What a letdown.
                I didn't make the team. Fourth year in a row.
                We drove six hours to see the whales and saw one bird.
                The new album is fine I guess, but I expected so much better.
                He could have been one of the greats and he threw it all away. Sad waste.
                Unfortunately the tickets sold out while I was typing my card number.
                My favorite author's last book is just bad, no other word for it.
                So the big surprise was a mug. A mug with the company logo.
                They had one job and forgot the candles. I'm let down.
                I gave it five chances and it let me down five times.
            """,
            "events": """
                the sequel left out everyone I liked
                my flight home for Christmas got canceled
                the big prize was a pen
                he forgot our anniversary again
                the hotel looked nothing like the pictures
                they gave the role to somebody else
                the phone I saved for came with a cracked screen
                our trip to the island turned into five days of rain
                my best friend skipped my graduation for a party
                the museum was closed on the only day we had
                the soup everyone talks about tasted of warm water
                I came in second by half a second
                the last season was rushed and empty
                my dad said he would watch the game and fell asleep
                the shop ran out just before my turn
                they promised us a raise and gave us a pizza
                the band split up a week before the show
                my seeds never came up, not even one
                the museum guide read everything from a card
                nobody bought a thing at my first market stall
            """,
            "feelings": """
                what a letdown
                I expected so much more
                I had my hopes up for nothing
                it's such a shame
                that was not what I hoped for
                bummer
                I'm disappointed, to be honest
                so much for that
                it could have been so good
                I thought it would be better
                all that waiting for this
                oh well, I guess that's that
            """,
        },
        "dev": {
            "comments": """
                The ending ruined an otherwise good series. I had such high hopes.
                They opened at last and the famous pie is just okay.
                I studied for months and missed the grade by one point.
                What a weak final, not a single shot worth seeing.
                I was promised a sea view and got a parking lot.
                She said she would call. It has been nine days.
                The statue is much smaller than I imagined, what a letdown.
                Sadly the new version dropped every feature I liked.
                I hoped for a real apology and got an excuse.
            """,
            "events": """
                the famous waterfall was down to a trickle
                my son's team gave up in the last minute
                they sold the picture I had saved up for
                the lead singer stayed home and sent a tape
                the promised refund was only a coupon
                the new park is a square of concrete
                I was one vote short in the end
                the cake came out flat as a plate
            """,
            "feelings": """
                such a disappointing result
                I really hoped for more
                that let me down badly
                what a pity
                I had expected better
                so much promise, so little to show for it
            """,
        },
        "test": {
            "comments": """
                Is that all? I expected fireworks and got two sparklers.
                The band played none of the old songs. Pretty disappointed.
                My package finally came, and the color is all wrong.
                We lost again. Same mistakes, same excuses, same old team.
                It looked huge in the catalog and it barely fits a doll.
                I counted on him for a ride and he forgot me.
                A promising start, then a flat and lazy finish. Too bad.
                I trained for two years and got the flu on race day.
                The reunion was canceled because only I signed up.
            """,
            "events": """
                the finale was an hour of old clips
                my blind date left before the bread came
                they shut the rink a day before my lesson
                the puppy went to another family
                the long awaited patch fixed nothing
                our guide got us there after sunset
                my story was cut from the magazine
                the holiday house had no view and no heat
            """,
            "feelings": """
                I was counting on that
                pretty underwhelming
                that fell flat
                too bad, I had high hopes
                I feel let down
                what a waste
            """,
        },
    },
    "disapproval": {
        "states": """
            against this
            not okay with it
            not on board
            opposed to it
            strongly against it
            not in favor
        """,
        "train": {
            "comments": """
                No, I don't agree. You can't treat people like numbers.
                That's not right, and you know it.
                I don't think kids should be on stage at midnight.
                Bad idea. Never mix those two in a closed room.
                You shouldn't read her diary, no matter how worried you are.
                This is wrong, the rules are there for a reason.
                I disagree. Tipping should not be a duty.
                Nope, lying to the buyer is not good business.
                They should not be allowed to sell that without a warning.
                I can't support a plan that closes the only clinic in town.
                Filming strangers at the gym is never okay.
                Don't do that. It is unfair to the others who waited.
                I'm against the new fees, they hurt the wrong people.
                No one should have to pay to see their own records.
                That's a terrible way to train a dog.
                It's wrong to throw away good food while people go hungry.
                I do not approve of how he speaks about his wife.
                Not a fan of this change. The old design was better in every way.
                You are mistaken, and that kind of advice could hurt someone.
                I would never let my kids play so close to the road.
                Sorry, but cheating is cheating even if everyone does it.
                I object. That land was given to the school and not to a builder.
                This isn't true at all, please stop spreading it.
                They were wrong to ban her over one typo.
                Nobody should be proud of driving that fast in town.
                I don't like the way this show treats its guests.
                That is no excuse, grown men don't throw chairs.
                Selling homework answers is not helping anyone learn.
                I disagree with the top comment. Hitting a child teaches nothing.
                Stop calling it a tradition, it's cruel and it should end.
            """,
            "events": """
                they want to cut down the old park for a parking lot
                he posts photos of his students without asking
                the mayor gave the contract to his own brother
                the school makes parents pay for paper
                some of you drive through here at double the limit
                the club lets rich members skip the line
                you told your son that boys don't cry
                the new law fines people for sleeping outside
                that channel pays kids to do dares
                the store charges extra for the small sizes
                he walked out and left her with the bill
                they train the elephants with hooks
                the office reads our private messages
                you blame the waiter for what the kitchen did
                the team hid an injury to sell a player
                parents let that boy hit the other kids
                the landlord wants three months up front
                they teach the test and nothing else
                people here laugh at beginners
                the ad tells girls to skip meals
            """,
            "feelings": """
                that is not right
                I don't agree with this
                it should not be allowed
                this is wrong on every level
                no, just no
                I can't support that
                that's a bad idea
                nobody should do that
                I strongly disagree
                it's not okay
                that is no way to treat people
                I'm not in favor of it
            """,
        },
        "dev": {
            "comments": """
                I don't think that's an acceptable way to speak to a waiter.
                No. You can't change the price after we shook hands.
                This is a bad law and I will vote against it.
                He should never have been given the keys.
                I disagree with you there, rest is not a reward.
                It is not fair to make the new guy do every night shift.
                You shouldn't feed bread to ducks, it makes them ill.
                Cameras in the staff room? No, I don't want that.
                Wrong answer, wrong tone, wrong place. Not okay.
            """,
            "events": """
                the factory works at night so nobody sees the smoke
                he jumped ahead of forty people in the line
                the council sold the library books to pay for a party
                that trainer tells people to run on a broken foot
                you read her messages while she was asleep
                the firm makes staff pay for their own uniforms
                the zoo keeps a bear in a cage that small
                they let dogs loose on the nesting beach
            """,
            "feelings": """
                this is simply not acceptable
                I disagree with all of it
                that shouldn't be legal
                bad move
                I think they are wrong to do so
                it isn't fair and it isn't right
            """,
        },
        "test": {
            "comments": """
                Nope. Hard disagree, that tower would ruin the whole square.
                Using a sick kid to sell shoes is just wrong.
                I don't support a strike that leaves old people without heat.
                You should not leave a dog outside in that weather.
                That's false and it has been shown to be false many times.
                I'm opposed to grading children at the age of five.
                They had no right to open his mail.
                A joke about someone's weight is never a good joke. Don't.
                I think it was a poor decision to cut music from the school.
            """,
            "events": """
                the show makes fun of how people talk
                you gave a kitten as a party prize
                the bank adds a fee for being poor
                the builders pour their waste in the stream
                our principal banned books without reading them
                he drives with the baby on his lap
                they set the age for the dangerous job at fourteen
                the boss asks women about their family plans
            """,
            "feelings": """
                I do not approve
                nope, not okay with me
                this has to stop
                that is the wrong way to go about it
                I'm against it
                they have no business doing that
            """,
        },
    },
    "disgust": {
        "states": """
            grossed out
            disgusted
            sick and gagging
            gagging
            completely repulsed
            feeling queasy
        """,
        "train": {
            "comments": """
                Gross! There is a hair in every bite.
                The smell from that bin made me gag.
                He licks his fingers and then touches the shared bread. Disgusting.
                I found a maggot in the rice and I'm never eating again.
                Ew, who clips their toenails on a bus?
                That sponge is older than me and it's growing something. Yuck.
                The toilet at that station should be burned down, it's vile.
                I felt sick when I saw what was under the carpet.
                They reuse the oil for weeks, it is black and thick. Nasty.
                The way he talks about those girls is revolting.
                Milk came out of the carton in lumps and I poured it in my tea. I gagged.
                Please, no more pictures of the foot. I'm eating.
                A rat ran over the counter and the cook just shrugged. Foul.
                Eww, it is warm and wet and I don't know why.
                That man spits in the pool. Absolutely gross.
                I opened the old lunch box and the stink filled the house.
                The slime on that pillow is going to haunt my stomach.
                He picked his nose and then shook my hand. I want to peel my skin off.
                What a creep, he sniffs people's hair on the train and it makes my skin crawl.
                There was a tooth in my burger. A human tooth.
                I nearly threw up when the worm popped out.
                My roommate pees in bottles and keeps them. It's repulsive.
                The fridge had been off for a month. The meat moved.
                Yuck, the bottom of that bag is all juice and flies.
                I can't watch this, the pus made my stomach turn.
                They swim in the same water the cows use as a toilet. Nope, vile.
                His breath smells like a dead fish in a sock.
                Cockroaches in the cereal. I poured the milk before I saw them.
                Imagine licking the floor of a train for views. Sickening.
                The blanket in that motel was stiff. I slept standing up. Gross.
            """,
            "events": """
                the cook wiped his nose and went on making the salad
                there was something crawling in the sugar bowl
                my flatmate has not washed his sheets since spring
                the sink is full of gray water and old noodles
                he drank the juice from a jar of eggs
                the dog ate its own mess and licked my face
                the hotel bed had stains in four colors
                a fly laid eggs on the ham
                the man beside me peeled a scab and ate it
                the bin juice ran down my leg
                their bathroom floor is sticky and yellow
                the meat in that shop is green at the edges
                my brother keeps his toenails in a jar
                somebody left a used bandage in the gym sink
                the old fish sat in my car for a week
                the guy rubbed his bare feet on the seat
                the cup had lip marks and a dead moth
                there is a mouse rotting behind the wall
                he burped up his lunch and swallowed it again
                the lake turned brown and it stinks of sewage
            """,
            "feelings": """
                so gross
                it made me gag
                ew
                I feel sick
                that is disgusting
                my stomach turned
                I want to throw up
                yuck, just yuck
                how can anyone live like that?
                I need to wash my eyes
                absolutely vile
                it makes my skin crawl
            """,
        },
        "dev": {
            "comments": """
                Yuck, the straw had someone else's lipstick on it.
                The drain coughed up a ball of wet hair and I retched.
                He eats with his mouth open and sprays it everywhere. So gross.
                I bit into an apple and saw half of a worm.
                That kitchen is filthy, the grease drips from the lamp.
                It is sickening how he looks at her.
                Ew ew ew, the butter has teeth marks.
                The pond smells like rotten eggs and it bubbles.
                My stomach turned when he ate the bug alive.
            """,
            "events": """
                the cat threw up in my slipper and I put it on
                a waiter sneezed right into the soup
                they found worms in the canned fish
                the gym towel smelled of someone else's feet
                my boss flosses at the meeting table
                the sewer came up through our shower
                the old man spat a gray lump beside my shoe
                the burger was crawling when I lifted the bun
            """,
            "feelings": """
                that's truly revolting
                eww, no thank you
                I almost lost my lunch
                nasty
                my skin is crawling
                what a disgusting sight
            """,
        },
        "test": {
            "comments": """
                The mold on that bread has its own fur, I feel ill.
                Who blows their nose on a curtain? Revolting.
                The public pool had a bandage floating past my face. Ew.
                That sauce looks and smells like vomit.
                I sat in something sticky at the cinema and I don't want to know what it was. Yuck.
                He never washes his hands, not even after the toilet. Nasty man.
                The vile comments that man leaves under women's pictures turn my stomach.
                A nest of slugs in my boot, and I found them with my toes.
                The chicken was pink and slimy and they served it anyway. Gross.
            """,
            "events": """
                the ice cube had a toenail in it
                our cellar is covered in black slime
                a passenger changed a dirty diaper on the food tray
                the jam was moving at the bottom of the jar
                he dipped his wet finger into everyone's sauce
                the bus seat was damp and smelled of pee
                the dead seal on the beach had burst
                that guy keeps his gum behind his ear and chews it later
            """,
            "feelings": """
                I gagged just thinking about it
                foul, just foul
                I can still smell it
                gross beyond words
                it turns my stomach
                I'll never eat again
            """,
        },
    },
    "embarrassment": {
        "states": """
            so embarrassed
            mortified
            blushing
            cringing
            hiding my face
            deeply embarrassed
        """,
        "train": {
            "comments": """
                I called my teacher "mom" in front of the whole class.
                My fly was open during the entire speech. I want to hide forever.
                I waved back at someone who wasn't waving at me. I still cringe.
                So embarrassing, I sent the love letter to the family group chat.
                I tripped on the stage and took the curtain down with me. My face was burning.
                He said "enjoy your meal" and I said "you too" like a fool.
                My stomach growled so loud in the exam that people laughed.
                I forgot my own phone number at the bank and just stood there blushing.
                Awkward. I told her congratulations and she wasn't pregnant.
                I sang with my headphones on and the whole office heard it.
                Cringe. I read my old posts from when I was fifteen and wanted to hide under the bed.
                My dad danced at my school party. I will never show my face there again.
                I walked into the men's room and only noticed at the sink.
                My card got declined on a first date, twice. I wanted the floor to open.
                I introduced my boss by the wrong name at his own party. Mortifying.
                The mic was still on when I went to the toilet.
                I leaned in for a kiss and she gave me a handshake.
                I had spinach on my front tooth all through the wedding photos, so ashamed.
                My mom read my diary aloud to guests and I turned purple.
                The secondhand embarrassment in this video is too much, I had to look away.
                I laughed at a joke that turned out to be his real life story. I felt so stupid.
                My wig flew off on the roller coaster and hit a priest.
                I fell asleep on a stranger's shoulder and drooled. He was nice about it, I was not okay.
                I pushed a pull door for a full minute while the café watched.
                My skirt was tucked into my tights the whole way down the main street.
                He caught me practicing my speech in the mirror with an accent. I could have died.
                I asked her how her husband was doing. He left last year. Awkward silence.
                I clapped when the music stopped and it wasn't over.
                I still blush when I think of the time I fell into the fountain on a date.
                Oh no, my camera was on. Everyone saw the pajamas.
            """,
            "events": """
                I called the judge "sweetie" by accident
                my phone played a fart sound in church
                I fell off my chair in the job interview
                my towel dropped at the public pool
                I hugged the wrong man from behind in the store
                I spelled my own name wrong on the form
                my mother showed my baby pictures to my date
                I sat on the cake in front of all the guests
                I laughed with food in my mouth and it landed on her
                the whole class saw the note I wrote about him
                I went to the party a week early with a gift
                my zipper was down for the whole tour
                I forgot the name of my girlfriend's dad and called him buddy
                I walked around all day with the price tag on
                my snore woke up the entire bus
                I replied to the group with a photo of my rash
                I bowed to the cashier for no reason
                I danced alone for a minute after the music had stopped
                my wig slid off while I gave the talk
                I asked a guest at the party to bring me a drink like a waiter
            """,
            "feelings": """
                I wanted to sink into the floor
                so embarrassing
                my face is still red
                I could have died
                I can never go back there
                I still cringe about it at night
                everyone stared at me
                so awkward
                I felt like such a fool
                I blushed down to my toes
                please forget that you saw it
                I am mortified
            """,
        },
        "dev": {
            "comments": """
                I hit "send" and then saw that I had written "love you" to my boss.
                My pants split on the dance floor and I walked out backward. Mortified.
                I bragged about knowing the chef and he asked who I was.
                It was so awkward that I pretended to take a phone call.
                My cheeks were on fire when the teacher read my note to the class.
                I told a long story and then noticed that he was the one who told it to me.
                I cringe at every single photo from that year.
                My kid shouted in the shop that I had farted, and everyone turned.
                I spilled red wine on the bride. I will be embarrassed until I die.
            """,
            "events": """
                I got locked out on the balcony in my underwear
                my joke about bald men met a row of bald men
                I sent my shopping list to the whole school
                I tripped over nothing right in front of her
                my voice went squeaky when they asked for my name
                my chair made a rude noise and nobody believed me
                I tried to pay with my library card
                my bathing suit came off in the wave
            """,
            "feelings": """
                it was the most awkward moment of my life
                I turned bright red
                I'm changing my name and moving away
                my ears were burning
                I cringed so hard
                how embarrassing
            """,
        },
        "test": {
            "comments": """
                I got stuck in the child swing and they had to call for help.
                My voice cracked on the first line of the solo and I went red.
                Turns out my mirror selfie shows the toilet, and me on my toes. So embarrassed.
                I said hello to a mannequin and waited for an answer.
                I showed up in costume. It wasn't a costume party. Awkward!
                The teacher asked who wrote the silly poem and I wanted to vanish.
                I slipped on the wet floor and slid right into my crush.
                I burped in the middle of my wedding vows, cheeks still burning.
                My mom called my manager to say I was ill. I'm thirty, how humiliating.
            """,
            "events": """
                I parked in the boss's spot on my first day
                my search history showed up on the big screen
                I kissed the wrong cheek and hit his nose
                my shoe flew off and landed on the teacher's desk
                I thanked the ticket machine out loud
                I talked about her surprise party while she stood behind me
                the store alarm rang because of a sock stuck to my back
                I mixed up the funeral and the birthday card
            """,
            "feelings": """
                I'd like to vanish now
                I have never blushed so much
                I hid in the bathroom for an hour
                it was humiliating
                the whole room looked at me
                that will make me cringe forever
            """,
        },
    },
    "excitement": {
        "states": """
            so excited
            hyped
            pumped
            counting the days
            super excited
            thrilled
        """,
        "train": {
            "comments": """
                Only three more sleeps until the trip! I can't wait!
                OMG they announced a new season, I'm screaming!
                The tickets arrived today and I ran around the house like a kid.
                Let's gooo! The game comes out at midnight!
                I can't sit still, my sister lands in two hours.
                So hyped for this tour, I already know every word.
                We get the keys to our first place on Friday. I'm buzzing!
                Tomorrow I meet my hero. My heart is pounding, in a good way!
                This is going to be epic, bring everyone!
                I've been refreshing the page all day. It's almost here!
                First snow of the year and I'm already in my boots!
                My puppy comes home this weekend, I can't sleep!
                Woohoo, the pool opens next week!
                The trailer gave me chills, I need it to be July already!
                We're going to the finals! The whole town is going crazy!
                I start my dream job on Monday and I'm packing my bag already, lol, can't wait!
                Yes yes yes, they are bringing back the original cast!
                Get ready people, the big one is only an hour away!
                I just booked my first flight ever. So exciting!
                The countdown is on, nine days until the baby is due!
                Can you feel it? The crowd is so loud that the ground shakes!
                I'm beyond pumped for the race tomorrow, shoes by the door.
                Holding my breath for the reveal tonight, this is so thrilling!
                New record drops at noon, see you all there!!
                We are moving to the coast this summer and I could scream with excitement!
                I get to ride in the front car, woo!
                Just got picked for the show. I'm jumping on my bed at forty one.
                Can't wait to try it out tonight with the whole gang!
                The circus is in town and I am six years old again!
                This final round is the most thrilling thing I have ever watched live!
            """,
            "events": """
                the concert I waited for is tomorrow night
                we are flying to Japan in two days
                my team made it to the final
                the sequel comes out at midnight
                my new bike is on the truck right now
                they let me drive the fire engine on Sunday
                the whole gang is coming over for the big game
                I got a spot on the first rocket camp
                we find out tonight if it is a boy or a girl
                the fair opens this weekend with a new coaster
                my book goes to print on Thursday
                the band picked my song for the show
                I am about to jump out of a plane
                our road trip starts in six hours
                the tickets for the cup just came in the mail
                she said yes and the party is on Saturday
                my best friend moves back to town next week
                they are opening a climbing hall on my street
                my robot runs in the contest tomorrow
                the snow is deep and the lifts open at eight
            """,
            "feelings": """
                I can't wait!
                I'm so excited
                let's go
                this is going to be amazing
                I am jumping up and down
                woohoo!
                I can't sit still
                the countdown is on
                I have been waiting so long for this
                best week ever coming up
                I could scream!
                my heart is racing, bring it on!
            """,
        },
        "dev": {
            "comments": """
                It's happening! The band is on stage in ten minutes!
                I can hardly wait, the parcel is out for delivery!
                We leave for the mountains at dawn and I've packed everything twice.
                Wow wow wow, they said yes to my pitch, let's go!
                I'm so pumped for opening night, my legs won't keep still.
                School is out tomorrow! Ten weeks of summer!
                That last lap had me standing on the sofa, what a thrill!
                The new map comes out tonight and I've called in all my friends.
                One week to go! I have a paper chain and everything.
            """,
            "events": """
                the tour bus stops in our city for the first time
                my first exhibition opens in three days
                we board the ship at noon
                my little brother races for gold tonight
                the next chapter goes live in an hour
                I get to feed the penguins at the zoo tomorrow
                our puppy is ready to be picked up on Friday
                the stadium doors are about to open
            """,
            "feelings": """
                I can hardly wait!
                so hyped!
                it is finally happening
                I'm packed and ready to go
                this will be epic!
                I'm buzzing all over
            """,
        },
        "test": {
            "comments": """
                They are playing in my town!! I never thought the day would come!
                I get to fly a plane on Saturday, I'm so excited!
                Can we fast forward to Friday please? I'm too hyped.
                The train to the festival leaves in an hour, woohoo!
                Big news tomorrow, folks. I'm about to burst!
                My first ever home game, front row, let's go!
                It's the night before the launch and nobody on the team can sleep!
                I squealed when I saw the poster. Best summer ever, here we come!
                We got in! We actually got in! Pack your bags!
            """,
            "events": """
                they picked me for the trip to the arctic
                the fireworks start as soon as it gets dark
                my dream college wants to meet me on Tuesday
                we are first in line for the new ride
                the cup final is being played in our town
                my cousins arrive tonight with tents and drums
                the new console is under the tree
                I sing my first solo on a real stage tonight
            """,
            "feelings": """
                get ready everyone!
                I can barely sleep
                it's going to be so much fun
                wow, let's do this!
                I am thrilled to bits
                only a little while longer
            """,
        },
    },
    "fear": {
        "states": """
            terrified
            so scared
            frozen with fear
            scared stiff
            afraid
            petrified
        """,
        "train": {
            "comments": """
                I heard breathing in the room and I live alone.
                Heights terrify me, my legs just give up.
                Something is walking around in our attic and I'm too scared to look.
                I locked every door and I'm hiding in the bathtub until he goes away.
                That clown picture will give me nightmares for a month.
                The plane dropped and I was sure that we were going to die.
                I'm afraid of what he will do when he gets out.
                A man followed me for six blocks. I ran the rest of the way home.
                This horror film scared me so much that I slept with the lights on.
                The shark came right at the cage. I have never felt such terror.
                I froze when I saw the snake next to my hand.
                My daughter didn't answer for five hours and I thought the worst.
                Deep dark water is my biggest fear. Nope, never.
                The gun was pointed at us and I couldn't even scream.
                Every creak in this old house makes my heart stop.
                I'm scared of the dark and I'm not afraid to admit it, I'm forty.
                The doctor went quiet and I felt cold all over with dread.
                Spiders that size should not exist. I'm shaking.
                The lights went out in the elevator and nobody answered the bell. Pure panic.
                There are fresh scratches on the inside of the window. I'm terrified.
                The bridge swayed and I crawled the rest on my knees, crying.
                I have a phobia of needles and I faint before they even touch me.
                That voice on the old tape is horrifying, I turned it off.
                We saw the fire come over the hill and ran for our lives.
                The bear was between us and the car. I was scared stiff.
                He keeps standing across the street and staring at my window. I'm scared.
                I woke up and couldn't move, with a dark shape at the foot of the bed.
                The thought of losing my sight terrifies me.
                This is the scariest thing I've seen, don't watch it alone.
                The ground shook again last night and I'm afraid to go back inside.
            """,
            "events": """
                someone is knocking at my window and it is two in the morning
                a strange man was standing in our hallway
                the brakes stopped working on the mountain road
                there was a shadow behind me in the mirror
                the boat began to fill with water far from land
                the phone rang and a voice said my name slowly
                a huge spider ran up my arm in the dark
                the tornado was coming straight at our house
                my chest went tight and my arm went numb
                the dog bared its teeth and came at me
                our cable car stopped over the gorge with a loud crack
                he said he would find me wherever I go
                I got lost in the cave and my lamp went out
                the floor of the old tower gave way
                I heard footsteps upstairs while everyone was out
                the shark circled our raft twice
                a man with a knife got on the last train
                the storm ripped the door out of my hands
                something cold touched my foot under the bed
                the elevator dropped two floors and stopped
            """,
            "feelings": """
                I'm terrified
                I have never been so scared
                I can't stop shaking
                my heart stopped
                I was sure I would die
                I'm too afraid to look
                it gives me nightmares
                I froze
                I'm sleeping with the lights on
                my blood ran cold
                that is the scariest thing ever
                I wanted to run and couldn't
            """,
        },
        "dev": {
            "comments": """
                Somebody tried my door handle at three and I stopped breathing.
                I can't go near the edge, I'm terrified of falling.
                The dog growled at the empty corner and I ran out of there.
                We hid under the table while the storm tore off the roof. Terrifying.
                I'm scared that the lump is something bad.
                A hand grabbed my ankle in the lake. I screamed like never before.
                The masked man in the picture gives me the creeps.
                My worst fear is being buried alive, and this tunnel is close enough.
                The brakes failed on the hill and I saw my whole life go by.
            """,
            "events": """
                a truck came at us on the wrong side of the road
                the handle of my bedroom door turned slowly
                the bull broke through the fence right next to us
                I was alone at sea when the fog came down
                the scream came from inside the empty house
                a bullet hit the wall behind my head
                the wave pulled me under and held me there
                the lights died and something moved in the room
            """,
            "feelings": """
                I am scared out of my mind
                pure terror
                I didn't dare to breathe
                it still gives me the creeps
                I've been afraid ever since
                I screamed and ran
            """,
        },
        "test": {
            "comments": """
                There was a face at the window, and I'm on the fourth floor.
                I'm afraid to open the letter from the hospital.
                The wolf looked straight at us and my blood ran cold.
                I would rather die than go down into that cellar, it's terrifying.
                He told me he knows where my kids go to school. I'm scared.
                The ice cracked under my feet and I couldn't breathe from fear.
                I dream of that doll every night and wake up in a sweat. Horrible.
                The wing was on fire. People were praying out loud.
                I hid in the closet and dialed with shaking hands.
            """,
            "events": """
                the cliff path broke off under my boots
                a stranger has been watching our house all week
                the smoke came in under the door
                the nurse ran out and called for help
                my car spun toward the river in the dark
                a growl came out of the bushes by my tent
                the rope began to tear above my head
                the power went out and I heard the back door open
            """,
            "feelings": """
                fear took over and I could not move
                I was so frightened
                I'm scared to go back
                the horror of it won't leave me
                I thought this was the end
                every hair on my body stood up
            """,
        },
    },
    "gratitude": {
        "states": """
            so grateful
            thankful beyond words
            deeply grateful
            so thankful
            in your debt
            truly grateful
        """,
        "train": {
            "comments": """
                Thank you so much, this fixed my problem in two minutes.
                Thanks for taking the time to write all of that out.
                I can't thank you enough for finding my dog.
                Much appreciated, I would never have found that setting.
                To the stranger who paid for my groceries: thank you, you saved my week.
                Thanks, that was exactly what I was looking for!
                I'm so grateful to the nurse who stayed with my dad all night.
                Appreciate the honest answer, thank you.
                Thank you for being patient with me, I know I ask a lot.
                My neighbor shoveled my driveway without a word. I owe him a cake.
                Thanks everyone for the kind words, they mean a lot to me.
                You didn't have to help and you did. I won't forget it.
                Big thanks to whoever left the umbrella at the bus stop.
                Thank you, kind stranger, for the gold!
                I appreciate you sharing this, it helped my son too.
                Thanks a lot for the quick reply.
                To my old teacher, thank you for not giving up on me.
                Grateful for this community, you got me through a rough year.
                Thanks for the tip, the stain came right out!
                Bless you for this list. Saved, printed and on the fridge.
                My boss gave me the week off to be with my mom and I'm forever thankful.
                Thank you for your service, and for the soup.
                I appreciate it, man. I really do.
                A man gave me his seat and his coat. Thank you, whoever you are.
                Thanks for the heads up, I almost took the wrong train.
                We could not have done it without all of you. Thank you from the bottom of my heart.
                Oh wow, thanks for the link!
                The doctors gave me ten more years with her. I thank them every single day.
                Thank you for standing up for me when nobody else did.
                Cheers for the help, I owe you a beer.
            """,
            "events": """
                a stranger paid for my whole shop
                you stayed up until three to help me move
                the whole street brought us food after the flood
                my teacher drove me to every exam
                someone found my wallet and mailed it back
                you answered every one of my questions
                the night nurse held my hand until morning
                a kid ran after me with the bag I forgot
                my sister gave me her kidney
                you shared your notes with the entire class
                an old man fixed our roof and took no money
                the crew waited for me to make my flight
                people I never met sent toys for my son
                my uncle paid my rent when I lost my job
                you found the one screw that I needed
                the coach gave me his own boots
                the vet treated our dog for free
                someone left a warm coat on my chair
                my friends took turns to sit with me in the hospital
                you wrote me a letter for the job and I got it
            """,
            "feelings": """
                thank you so much
                I can't thank you enough
                thanks again
                I'm so grateful
                it means the world to me
                I really appreciate it
                I will never forget that kindness
                bless everyone who helped
                I owe so many people a beer
                thanks from the bottom of my heart
                much appreciated
                I don't know how to repay that
            """,
        },
        "dev": {
            "comments": """
                Thanks so much, it works now!
                I really appreciate everyone who came out to search with us.
                Thank you for the lovely letter, it made my mother smile.
                You guys raised enough for the surgery. I have no words, only thanks.
                Ah, that helps. Thank you for clearing it up.
                Grateful to the old man who fixed my tire and refused the money.
                Thanks for the warning, you saved me a lot of money.
                I owe my life to that driver, and I thank him every spring.
                Many thanks to the person who scanned the old photos.
            """,
            "events": """
                a farmer pulled my car out of the mud
                you translated all six pages for my grandmother
                the baker gives us bread each evening
                my ex teacher sent me books for a year
                a whole team of strangers looked for my cat
                the doctor came in on his day off for us
                you lent me the money without asking why
                the driver waited until I was safe inside
            """,
            "feelings": """
                many, many thanks
                I'm thankful for it every day
                I appreciate that more than I can say
                thank you for being so kind
                my whole family is grateful
                I owe you one
            """,
        },
        "test": {
            "comments": """
                Thank you, thank you, thank you! It was in the last place, just like you said.
                Appreciate it, friend, that was very kind of you.
                Thanks for sticking with this thread for two years, you legend.
                Someone handed in my purse with everything in it. So grateful!
                I want to thank the crew who got us off the roof.
                That's super helpful, thanks for posting it.
                My aunt took me in when I had nobody. I thank her in every prayer.
                Thanks for the recipe, my kids ate all of it!
                I am thankful for each of you who wrote to me this month.
            """,
            "events": """
                the mechanic stayed late so we could get home
                a girl gave up her seat for my sick mother
                you taught my father to use the phone
                the club paid for my trip to the final
                our neighbors looked after the kids for a month
                some kind soul returned my camera with all the pictures
                my coworkers gave me their days off
                an old friend called me at the right moment
            """,
            "feelings": """
                a huge thank you
                thanks, it helped so much
                so much gratitude for that
                I'd like to say thank you again
                such kindness, I am grateful
                I appreciate it a lot
            """,
        },
    },
    "grief": {
        "states": """
            grieving
            in mourning
            still grieving
            numb with grief
            lost in grief
            mourning
        """,
        "train": {
            "comments": """
                My dad passed away last night. I don't know what to do with my hands.
                Rest in peace, old friend. The house is so quiet without you.
                We buried my little sister on Tuesday. She was nineteen.
                It has been a year since she died and I still set the table for two.
                RIP. He was the kindest man in our town.
                I lost my husband in March and I can't wash his shirts, they still smell like him.
                My dog died in my arms this morning. Fourteen years. I keep listening for her paws.
                I miss my mom so much, I called her old number just to hear the tone.
                The funeral was small. Only four of us are left now.
                Gone too soon. My condolences to the family.
                Our baby never came home from the hospital, and the crib is still up.
                Grandpa died before he could see me graduate. I wore his watch.
                I scattered his ashes by the lake today and sat there until dark.
                She was my twin. Half of me is in that grave.
                I'm so sorry for your loss, may she rest in peace.
                Six years since the accident and I still can't drive past the place where he died.
                My best friend died last spring. I talk to his photo every night.
                Today would have been her tenth birthday. We lit a candle.
                I lost both parents within a month and the grief comes in waves.
                He never woke up from the surgery. We had plans for Sunday.
                RIP little buddy, run free. The sofa is too big now.
                Nobody tells you how heavy a box of someone's things is. I miss him.
                The widow next door still puts out two cups. It breaks me.
                My brother was killed on the job. His boots are still by the door.
                The whole school is in mourning, she was loved by everyone.
                I keep her last voicemail and play it when I can't sleep. I miss her so.
                We said goodbye to our old cat today. Rest well, my girl.
                He died alone and I was on a train. I can't bear it.
                My grandmother's chair is empty this Christmas. We all cried.
                I lost my son. There is no word for a parent like me.
            """,
            "events": """
                my father died on his way home from work
                we buried my grandmother this morning
                our old dog passed away in her sleep
                I lost my wife after forty years
                my best friend was killed in a crash
                the hospital called and he was already gone
                my little brother would have turned twenty today
                her ashes are on the shelf by the window
                we put our cat to sleep on Friday
                my mother's funeral is on Monday
                he died before I could get there
                the baby did not make it
                my twin sister is buried in our home town
                we cleaned out my dead uncle's flat
                grandpa took his last breath at noon
                my son has been dead for a year
                her chair at the table is empty now
                the whole village came to his grave
                I found my late husband's letters in a drawer
                the horse I grew up with died last night
            """,
            "feelings": """
                rest in peace
                I miss those days so much
                I can't stop crying
                nothing will ever fill that hole
                I don't know how to go on
                gone too soon
                the house is so quiet now
                my heart is broken
                I keep waiting for the door to open
                the grief comes in waves
                I would give anything for one more day
                goodbye, we will miss you
            """,
        },
        "dev": {
            "comments": """
                My wife died six weeks ago and the bed is so cold.
                Rest easy, coach. The team will never be the same without you.
                I found my late father's glasses in a coat and broke down.
                She passed in her sleep, holding my hand. I miss her voice.
                We lost him to cancer on Friday. He was eight.
                May he rest in peace. My heart goes out to his kids.
                I still buy the cookies he liked, and then I cry in the car. He's gone.
                The vet came to the house, and now there is a small grave under the tree.
                Ten years without my brother today. Grief doesn't leave, it just gets quiet.
            """,
            "events": """
                my aunt lost her fight with cancer at dawn
                we carried my cousin's coffin today
                the rabbit my kids loved is dead
                my old teacher passed away last week
                it is the first winter since he died
                her dress still hangs behind the door and she is in the ground
                the doctors turned off the machine at six
                my friend never came down from that mountain
            """,
            "feelings": """
                may they rest in peace
                life will never be the same
                I still reach for the phone to call
                the loss is too big for words
                I miss that face every day
                I have been in tears all day
            """,
        },
        "test": {
            "comments": """
                I held his hand until it went cold. Goodbye, my love.
                RIP to my aunt, who raised me like her own.
                They read out her name at the service and I couldn't stand up.
                I miss my old dog every time I open the front door.
                The last photo of us is from the week before the crash. He was my whole family.
                Our condolences. No mother should have to bury her child.
                My friend drowned last summer, and I hear his laugh in every crowd.
                Her garden is blooming and she isn't here to see it. Rest in peace, mom.
                I lost her too, and three years later I still mourn.
            """,
            "events": """
                my grandfather was laid to rest beside his wife
                our newborn lived for only two days
                the dog that slept at my feet is gone forever
                my sister died while I was abroad
                his name was read at the memorial tonight
                I sat with her body until they came
                the man who raised me is dead
                they found the lost climber and he was not alive
            """,
            "feelings": """
                rest easy now
                this grief is so heavy
                I can't believe I will never hear that voice again
                there is only silence left
                my condolences to all who mourn
                I never got to say goodbye
            """,
        },
    },
    "joy": {
        "states": """
            so happy
            over the moon
            smiling
            full of joy
            on cloud nine
            really happy
        """,
        "train": {
            "comments": """
                Best day of my life, the whole family danced in the kitchen!
                I'm so happy right now, my son said his first word.
                Sun is out, coffee is hot, the kids are laughing. Life is good.
                This made my day! I've been smiling since breakfast.
                We got married in a field with dogs everywhere. Pure bliss.
                Merry Christmas everyone, hope it's as happy as mine!
                My plant has flowers! I feel ridiculously cheerful about it.
                Glad to hear that you two had a wonderful time.
                Nothing beats jumping in a lake on a hot day, what a joy.
                I passed! Dancing around the living room with my cat!
                Our first baby was born at dawn and she is perfect. So much happiness in one room.
                He came home from the army early and surprised the kids. Everyone was laughing and hugging.
                Happy birthday! Hope your day is full of cake and sunshine.
                I woke up to the smell of pancakes and two grinning kids. Lovely morning.
                That was a delightful evening, good food and old songs until two.
                My dad is cancer free. We are having the biggest party this street has seen.
                I feel light for the first time in years, I sing on my way to work.
                Yay, the whole class gave me a card!
                Seeing my grandma laugh like that filled me with joy.
                It's Friday, I'm home, and the dog is wagging her whole body.
                We found a field of wild strawberries and ate until sunset. I was so happy.
                The little girl skipping to school has made my whole morning brighter.
                I'm having such a great time here, everyone is so cheerful.
                Got the house, got the girl, got the dog. I'm a happy man.
                My grin is so wide that my cheeks hurt.
                There is nothing like the sound of your kids giggling in the next room.
                So glad you had fun, it was a pleasure to have you here!
                I laughed and danced all night with people I love. What a happy wedding.
                She opened the box, saw the kitten and shrieked with joy.
                Spring is here and I feel wonderful.
            """,
            "events": """
                my daughter took her first steps today
                we danced in the rain all evening
                my best friend had a healthy baby girl
                I got the job I always wanted
                the whole family is together again
                the kids built a fort and laughed all day
                my mother is well again and back in her garden
                we ate cake for breakfast on my birthday
                I passed the test with full marks
                the old band played and everybody sang
                my dog greeted me like I had been gone a year
                we had a picnic under the cherry trees
                he asked me to marry him on the beach
                our little team won the cup
                I woke up to sun and birdsong
                my grandson sang to me over the phone
                we spent the whole summer by the lake
                the twins said their first word at the same time
                I got to hold my new nephew
                my students threw me a party
            """,
            "feelings": """
                I'm so happy
                it made my whole week
                I can't stop smiling
                best day ever
                life is good
                what a joy
                I could dance in the street
                my heart is full
                I'm grinning like a fool
                pure happiness
                I feel wonderful
                it was such a happy moment
            """,
        },
        "dev": {
            "comments": """
                I am so happy for the two of you, enjoy every minute!
                Such a joyful video, the old man and his trumpet made me smile all day.
                We spent the day at the beach and came home sandy and happy.
                Yay! My little brother is coming home for good!
                The kids ran through the sprinkler and shrieked with delight.
                I got the part and I've been singing in the shower ever since.
                A perfect Sunday: pancakes, a long walk and a nap. Bliss.
                My heart feels light, the results came back clean and we are celebrating.
                Happy new year to everyone in here, enjoy the party!
            """,
            "events": """
                my sister and I laughed in the kitchen until two
                the carnival came right down our street
                my grandfather danced with all the girls
                we got the good news from the doctor
                the sun came out just for our wedding
                my kid won the egg race and did a lap of honor
                I sang with a choir of eighty people
                all my friends came to the party in funny hats
            """,
            "feelings": """
                I am filled with joy
                this makes me so happy
                I've been singing all morning
                nothing could spoil this day
                what a delight
                I smiled the whole way home
            """,
        },
        "test": {
            "comments": """
                What a lovely day, I whistled all the way home.
                My baby laughed for the first time and I'm overjoyed.
                We won the quiz and danced on the tables, best night in ages!
                I'm glad it all worked out, enjoy the happy news!
                The whole square was singing. It was pure delight.
                Happy to report that my daughter learned to ride a bike and won't get off.
                Fresh bread, warm sun, good friends. I couldn't be happier.
                I smiled so much today that a stranger asked what my secret was.
                My grandparents renewed their vows and jived until midnight. Joyful does not cover it.
            """,
            "events": """
                we had hot cocoa and sang songs by the fire
                my baby smiles each time I enter the room
                our street threw a feast for everyone
                the puppy and the toddler rolled in the grass
                my wife came home with flowers and good news
                I spent the day in the sea with my boys
                the choir got three rounds of applause
                we moved into our own little house
            """,
            "feelings": """
                such a joyful day
                I'm happy to the bone
                it brightened up my whole month
                hooray
                I felt like a kid again, so happy
                everyone was smiling
            """,
        },
    },
    "love": {
        "states": """
            so in love
            in love
            head over heels
            full of love
            smitten
            totally in love
        """,
        "train": {
            "comments": """
                I love this so much, it's my favorite thing on the internet.
                My wife falls asleep on my arm and I don't dare move. I adore her.
                He brings me tea every morning, even after a fight. That's love.
                I love my little brother more than anything in the world.
                Love it! The blue one is my favorite.
                She looked up from her book and I fell in love all over again.
                I absolutely love how this show treats its old characters.
                My cat sleeps on my head and I wouldn't have it any other way. I love her.
                Thirty years together and I still get butterflies when his key turns in the door.
                I love you guys, you are the best group of people I know.
                This song has my whole heart.
                My grandparents kissed in every photo for sixty years. So sweet.
                Love your dog, love the hat, love everything about this.
                I told him that I loved him on a parking deck and he cried.
                You're my favorite person, please never change.
                I'm in love with this kitchen. Marry me, kitchen.
                My husband cut his sandwich in half before he even knew I was hungry. I love that man.
                We adopted him at six and he is the love of our lives.
                I love old bookshops, the smell, the dust, all of it.
                She held my hand through the whole flight. I'm smitten.
                I adore that little gap in her teeth.
                Love this sub. I read it every night before bed.
                My daughter wrote "I love you" on a leaf and I keep it in my wallet.
                He sings to the baby in his awful voice and I melt every time.
                I love the way the rain sounds on a tin roof.
                I'd marry her again tomorrow in the same old shoes.
                This is adorable, I want to hug the whole litter. My heart!
                I have loved that team since I was four and always will.
                Two old people sharing one ice cream, I'm in love with this picture.
                My dear, I would walk to the sea and back for you.
            """,
            "events": """
                my wife leaves notes in my lunch box
                he kisses my forehead before he goes to work
                she learned my language just to talk to my mother
                my cat purrs when I come through the door
                we still hold hands at the movies
                my little girl says I am her favorite person
                he sings to me when I can't sleep
                this old song was playing when we met
                my dog lies on my feet whenever I read
                she wears my sweater when I am away
                our baby grabs my finger and won't let go
                he remembers how I take my coffee
                my grandparents dance in the kitchen each Sunday
                she laughs and her nose wrinkles
                I met a girl who smells like oranges
                my boys fall asleep in my arms
                he waited at the station with flowers
                they named the baby after my mother
                you two finish each other's sentences
                she said yes on top of the hill
            """,
            "feelings": """
                I love this so much
                my heart melts
                I'm so in love
                I adore that
                that is true love
                I love every bit of it
                it's my favorite thing in the world
                there is nothing I love more
                how sweet is that?
                this has my whole heart
                I love that with all my soul
                it's so adorable
            """,
        },
        "dev": {
            "comments": """
                Love this, the colors and the little duck too.
                I kissed my best friend last night and I think I've loved her for years.
                He still writes me letters by hand and I keep them all under my pillow.
                I love my mom's terrible dancing with all my heart.
                That baby elephant is so sweet, my heart melted.
                You are my one and only, and I'm telling the whole internet that I love you.
                I adore this town and everyone in it.
                My boyfriend learned to braid my hair. I'm head over heels.
                It's my favorite film, I love every frame of it.
            """,
            "events": """
                he keeps a photo of me in his hat
                my son draws our family as three bears
                she saves the last bite for me, always
                this puppy follows me from room to room
                my husband warms up the car before I leave
                we fell asleep on the phone again
                her eyes go soft when she looks at him
                he carved our names into the bench
            """,
            "feelings": """
                I love it to pieces
                so sweet, my heart can't take it
                this is what love looks like
                I am smitten
                I could kiss the whole world
                love, love, love
            """,
        },
        "test": {
            "comments": """
                I love her laugh most of all.
                He drove nine hours to bring me soup. I'm going to marry him.
                Absolutely love this, best version of the song by far.
                My dog rests his chin on my foot while I work and I adore him.
                Sixty years married, and he still looks for her hand under the table.
                I love when it smells like rain and bread in the morning.
                I'm so in love with my girlfriend that it's almost silly.
                This little hedgehog owns my heart now.
                Love you, sis. You are my favorite human.
            """,
            "events": """
                my girlfriend sends me a good night song each evening
                the old couple next door share one umbrella
                my kitten sleeps in the crook of my arm
                he holds my hand in the dentist's chair
                she kept every ticket from our first year
                my baby's hair smells like milk
                we kissed under the broken street lamp
                he named a star after his wife
            """,
            "feelings": """
                I just love it
                it melts my heart each time
                that is the sweetest thing
                what a lovely kind of love
                I fall in love a little more every day
                absolutely adore it
            """,
        },
    },
    "nervousness": {
        "states": """
            so nervous
            anxious
            on edge
            worried sick
            a nervous wreck
            really nervous
        """,
        "train": {
            "comments": """
                My interview is in an hour and my hands won't stop sweating.
                I'm so nervous about the test results that I can't eat.
                First day at the new school tomorrow. What if nobody talks to me?
                I get anxious whenever my boss says "got a minute?"
                I have to give a toast on Saturday and my stomach is in knots.
                Waiting for the doctor to call. Every ring makes me jump.
                I've typed this message nine times and I'm too nervous to hit send.
                Meeting her parents tonight. I have changed my shirt four times.
                My driving test is at nine and I already feel shaky.
                I worry that I left the stove on, every single time.
                He hasn't texted back in three hours and I'm getting uneasy.
                Any tips for stage nerves? My knees shake so much that I can hear them.
                I'm biting my nails over this vote count.
                The exam is tomorrow and I've forgotten everything. Anxiety level: high.
                I'm worried about my mom driving in this snow.
                Public speaking makes me sweat through my shirt.
                I can't relax until the plane lands, I just keep checking the wings.
                The silence before they announce the winner is killing my nerves.
                I'm anxious about moving, what if I pick the wrong place?
                I rehearse phone calls before I make them, and still I stutter.
                My heart is in my throat, she is up next.
                I feel jumpy all day before a big game.
                The principal wants to see us both and didn't say why. I'm uneasy.
                I have my first date in ten years tonight, send help for my nerves.
                I lie awake and count everything that could go wrong at work.
                I always worry that people are only being polite to me.
                The results come out at midnight, I keep pacing the hall.
                Is it normal to feel sick before every meeting? I tense up so badly.
                My palms are damp just reading about that climb.
                I hope I don't mess up the vows, I'm so nervous I could faint.
            """,
            "events": """
                my interview starts in ten minutes
                I have to speak in front of three hundred people
                the doctor wants me back for another test
                her parents are coming to meet me tonight
                my results will be online at noon
                I start at a new school on Monday
                the boss called me in and did not say why
                my son is driving alone for the first time
                the exam is in the morning and I can't sleep
                my visa letter has not come yet
                I have to tell my dad about the car
                the pilot keeps turning on the seat belt sign
                I go on stage right after the magician
                he read my message and has not replied
                my first date in years is at seven
                the vote is too close to call
                the dentist said it may take a while
                I have to sing at my sister's wedding
                the inspector comes to our kitchen tomorrow
                we wait for the call from the bank
            """,
            "feelings": """
                I'm so nervous
                my stomach is in knots
                my hands are sweating
                what if it goes wrong?
                I can't sit still from worry
                I've been pacing all day
                I'm really anxious about it
                I keep biting my nails
                I feel sick with nerves
                I can't eat a thing
                I hope I don't mess it up
                my heart won't slow down
            """,
        },
        "dev": {
            "comments": """
                I have to call the bank and I've been putting it off all day, too anxious.
                My audition is next and my throat is dry as sand.
                I'm worried that they will think the cake is awful.
                Waiting outside the office, tapping my foot like a rabbit.
                So nervous for the scan tomorrow, I can't sit down.
                The pause before she answered made me sweat.
                What if I forget my lines? What if I trip? My nerves are shot.
                I keep checking the weather for the wedding every ten minutes.
                It makes me uneasy when the kids are this quiet.
            """,
            "events": """
                my driving test is this afternoon
                the teacher is handing back the papers one by one
                I have to ask my boss for more money
                my in laws stay with us for two weeks
                the lawyer will phone at three
                my kid is alone at camp for the first time
                they want me to read my poem out loud
                my name is next on the list
            """,
            "feelings": """
                my nerves are shot
                I can't stop worrying
                my palms are wet
                what if they say no?
                the waiting makes me tense
                I am anxious and jumpy
            """,
        },
        "test": {
            "comments": """
                My stomach is doing flips before the big meeting.
                I'm anxious about the flight and I packed three days ago.
                She said "we need to talk" and then went to work. I'm a wreck.
                I'm nervous to post this, please be nice.
                My hands tremble every time I have to sign in front of people.
                The jury has been out for hours, and I pace up and down the hall.
                I worry too much about what my neighbors think.
                Ten minutes until my recital. My fingers feel like wood, deep breaths.
                I get tense when anyone stands behind me while I type.
            """,
            "events": """
                the nurse told us to wait outside
                the panel is about to hear my pitch
                my flight connects in eleven minutes
                the principal asked for a private word
                I have to carry the rings tomorrow
                my thesis talk is at eight
                the letter from the court has arrived and I have not opened it
                my first shift alone begins tonight
            """,
            "feelings": """
                I feel uneasy about it
                deep breaths, deep breaths
                my knees are shaking already
                I worry it will all go badly
                the nerves are getting to me
                my eyes are glued to the clock
            """,
        },
    },
    "optimism": {
        "states": """
            hopeful
            feeling hopeful
            optimistic
            quite hopeful
            full of hope
            feeling confident
        """,
        "train": {
            "comments": """
                It will get better. It always does, even if it takes a while.
                I hope next year is kinder to all of us.
                Keep at it, you'll get there sooner than you think.
                Things are looking up, I can feel it.
                We lost today, but this young team will win it all in two years.
                Good luck with the move, I'm sure you will love it there.
                Fingers crossed! I have a good feeling about this one.
                Don't worry, the right job is out there for you.
                Hopefully the rain stops and we can have the party outside.
                Every day is a new chance. Tomorrow will be better.
                I believe that they can fix the reef, there are signs already.
                The kids give me hope, they care more than we did.
                One bad season is not the end. The future looks bright.
                I'm optimistic about the new doctor, she has a plan.
                You will laugh about this in a year, I promise.
                I hope you find someone who treats you well, and I bet you will.
                If the seeds survived the frost, so can we.
                The first sign of spring always tells me it's going to be okay.
                We can do this. Slow and steady and all together.
                Let's hope for the best, the surgeon is one of the finest around.
                I have faith in people, most of them turn out all right.
                The odds are small but not zero, and I like our chances.
                You're young, you have time, and it will all work out.
                New boss on Monday, and I hope she turns things round.
                We'll rebuild, and the new hall will be even better.
                Here's hoping the third time is the one!
                I think our best years are still ahead of us.
                There is light at the end of this, hang in there.
                I hope they find a cure soon, the early trials look promising.
                Even in this mess, I believe good days are coming.
            """,
            "events": """
                the doctors say the new drug works in most people
                my garden froze but the roots are alive
                I have a second interview on Thursday
                the young players get better each week
                they plan to clean up the whole river by next year
                my shop had five customers today and none last week
                the polls turned our way this morning
                he walks two steps more every day
                we found a buyer who likes the house
                my kids want to plant trees and not just talk
                the fever is going down a little
                the new teacher thinks my son can catch up
                I saved enough for the first month
                the birds came back to the bay
                our band has its first real booking
                they are talking to each other again
                the rescue teams heard a voice down there
                I wrote one page today after months of none
                the vaccine trial starts this spring
                it rained on the dry fields at last
            """,
            "feelings": """
                it will get better
                I have a good feeling about this
                things are looking up
                I hope for the best
                better days are coming
                I believe it will work out
                there is hope
                the future looks bright
                fingers crossed
                I think we can do it
                this time it will go well
                one step at a time, we will get there
            """,
        },
        "dev": {
            "comments": """
                I'm hopeful that the new law will make a difference.
                It looks bad now, but the trees will grow back.
                You have got this, next time the luck will be on your side.
                I hope it goes well tomorrow, and I think it will.
                Better days are on the way, just wait and see.
                Our town will recover, towns always do.
                With a bit of luck we will all be laughing by summer.
                I'm sure that your kid will be fine, mine was the same and now she's a doctor.
                The numbers are going in the right direction. There is hope.
            """,
            "events": """
                the bank is willing to listen to our plan
                green shoots are coming up through the ash
                my daughter made one friend at the new school
                the second test looks better than the first
                a young doctor took over the village clinic
                I start over with a small flat and a big desk
                both sides agreed to sit down and talk
                the sales went up for the third week
            """,
            "feelings": """
                I'm hopeful about what comes next
                good things are on the way
                I am sure it will turn out fine
                there's light ahead
                I like our chances
                let's stay positive
            """,
        },
        "test": {
            "comments": """
                Hang on, the worst is behind you and spring is close.
                Hopefully she wakes up soon, the signs are good.
                I believe in this team. Next season is ours.
                Good things take time, you will find your place.
                I hope the next owner fills that house with music.
                It might not work, but I have a hunch that it will.
                Stay positive, the bones will heal and you'll run again.
                The future of this game looks bright to me, so many new players.
                We start again in the morning and this time it's going to work.
            """,
            "events": """
                the coral has started to grow again
                my brother is ninety days sober
                the new coach has turned worse teams around
                they found water under the old farm
                I have a mentor and a map for next year
                the school got the money for a science room
                she opened her eyes for a second today
                our lost dog was seen near the mill
            """,
            "feelings": """
                I believe the best is yet to come
                hopefully this is the turning point
                it can only go up from here
                we will be okay
                I'm confident that it gets easier
                here's hoping
            """,
        },
    },
    "pride": {
        "states": """
            so proud
            bursting with pride
            very proud
            proud beyond words
            glowing with pride
            really proud
        """,
        "train": {
            "comments": """
                I built this table myself, every joint. So proud of it.
                My son stood up to the bullies today. I have never been prouder.
                First in my family to finish college!
                Ran my first ten miles without stopping. Proud of my old legs.
                That's my girl! She won the science fair with a solar oven.
                I quit smoking a year ago today and I did it my way.
                Our little town raised more money than the whole city. Proud to live here.
                I fixed the sink with no help and I have told everyone.
                My students wrote a letter to the mayor and he answered. Proud teacher here.
                Look at my tomatoes! First prize at the county fair.
                I learned to read at thirty five, and today I read to my kid.
                My wife just became the first female captain in her fleet. So proud of her.
                I wrote this song in one night and I think it is the best thing I've done.
                We are a tiny club and we beat the champions. Wear that shirt with pride.
                My mother started a business at sixty. That's my mom!
                I paid off my last debt today, every cent of it, on my own.
                He tied his own shoes this morning and walked like a king. Proud dad moment.
                I did it! Three years of night classes and I passed the bar.
                Proud of you, little brother. You worked for this.
                I grew up poor and now I own the shop where my dad swept floors.
                My team finished the project a week early and I couldn't be prouder of them.
                I carry my grandmother's name with pride.
                Got my black belt at fifty. Not bad for a guy with bad knees.
                My daughter came out to the whole class, and I've never been so proud.
                I speak three languages now and I taught myself two of them.
                Yes, I made the dress. Yes, it has pockets. Very proud.
                I climbed it alone, in winter, with one good lung.
                Everything on that plate came out of my own garden.
                Our school choir is going to the capital, and my kid has the solo. Proud parent alert.
                I stayed sober through the holidays. I earned this cake.
            """,
            "events": """
                my daughter won the race on her old shoes
                I finished my degree at fifty
                our team built a bridge out of paper that held a man
                my son cooked dinner for all of us
                I ran the whole way without a stop
                my students passed, every one of them
                I made this chair out of a fallen tree
                my sister became a judge today
                I saved for ten years and bought the boat in cash
                my kid stood up for the new boy
                we painted the school ourselves in a weekend
                my dad got a medal for forty years of service
                I wrote my first app and a thousand people use it
                my little girl read her poem on stage
                I have not had a drink in two years
                our village won the prize for the best bread
                my wife beat the chess champion
                I fixed my own car from a book
                my brother is the first doctor in our family
                I learned to walk again after the crash
            """,
            "feelings": """
                I'm so proud
                nothing beats that feeling of pride
                look at that!
                a lot of hard work went into this
                I have never been prouder
                I could burst with pride
                I'm telling everyone I know
                it was earned, every bit of it
                not bad at all, if I may say so
                I hold my head high
                I'm going to brag about it for years
                proudest day of my life
            """,
        },
        "dev": {
            "comments": """
                I carved that spoon out of a branch and it's the best spoon in the county.
                My nephew got the top grade in his year. The whole family is proud.
                Four long years, and now my name is on the door.
                I beat my own record by nine minutes, at my age!
                So proud of my sister, who flew her first solo today.
                I raised two good boys on my own and I'll say it loud.
                My class of beginners gave a full concert last night. Proud of every one.
                I rebuilt that engine and it sings.
                We kept our farm through the worst year ever. I walk through town like a king.
            """,
            "events": """
                my grandson got a place at the music school
                I sold my first painting to someone I don't know
                our club won with nine men
                my mother finished her first marathon
                I grew the biggest pumpkin in the valley
                my apprentice won the national prize
                I gave the whole talk in a language I learned last year
                my son apologized before I had to ask
            """,
            "feelings": """
                I'm beaming with pride
                look what we did!
                all that hard work paid off
                I walk a little taller today
                I am proud to say it
                nobody can take that away from us
            """,
        },
        "test": {
            "comments": """
                I wrote a whole novel on my lunch breaks. Me!
                My boy gave half his prize to the kid who came last. Very proud mom.
                It took me eleven tries but I have my license, and I earned it.
                Proud to say that our street has the best garden in the city.
                I taught my grandmother to swim at eighty. I have never felt so proud.
                My design got picked out of four hundred. That's my lamp on the cover!
                We won the cup with players from our own village.
                I lost eighty pounds and I did all of it on foot.
                She stood up and told the whole board no. That's my daughter.
            """,
            "events": """
                my niece fixed the radio by herself
                I swam the bay at sixty
                our choir of old men made it to the finals
                my daughter turned down the cheats and still came third
                I have run this shop for thirty years
                my class planted a tree for each student
                my brother got his high school diploma in jail
                I won the pie contest against my own teacher
            """,
            "feelings": """
                I am the proudest person in town
                it took years and it was worth it
                my chest is about to burst with pride
                we did it!
                it was all worth the effort
                I've shown the picture to everybody at work
            """,
        },
    },
    "realization": {
        "states": """
            catching on
            a little wiser
            one step wiser
            finally getting it
            newly aware
            no longer fooled
        """,
        "train": {
            "comments": """
                Oh, I just realized that the two doors are the same door.
                It finally clicked, he was talking to himself the entire time.
                So that's why my dad always sat facing the window.
                Ohhh, now I get the title.
                It just hit me that I've been spelling it wrong since school.
                I was today years old when I learned that the arrow shows the side of the gas tank.
                Wait, the barber is called Hair Force One because of the plane. I see it now.
                Turns out the noise in the wall was my own alarm clock.
                I never noticed that the song goes backward in the second verse.
                Come to think of it, she never once asked me a question.
                Looking back, all the signs were there.
                Oh I see, you pull the cord first and then turn it. That explains a lot.
                I've just worked out that my boss and my landlord are brothers.
                It dawned on me at forty that I don't even like golf.
                Huh, so it was the cat that kept opening the fridge.
                I finally understand what my mother meant about shoes.
                So the whole film happens in one night. I only caught that now.
                I always thought it was a bird, turns out it's the neighbor's brakes.
                Then I saw the date on the letter and everything made sense.
                I realize now that I was the rude one in that story.
                Oh! The little girl at the start is the old woman at the end.
                It took me ten years to see that the logo has an arrow in it.
                I looked in the mirror and saw that I have my dad's face. When did that happen?
                So it was never about the money. I get it now.
                Reading this made me realize I have never said it out loud.
                I just understood why the old bridge has a hole in the middle.
                Now that you mention it, he did leave right after the phone rang.
                The penny dropped when she called him "dad".
                I thought all families yelled at dinner. It turns out they don't.
                I see what you mean now, I had the graph upside down.
            """,
            "events": """
                the strange smell was my own lunch box
                both of my teachers were the same person with a new name
                the quiet man in the film is her father
                I have been pushing a door that slides
                the moon in the painting is a lamp
                my cat has a second family
                the letters on the gate spell our name
                my old boss was the one who sent the flowers
                the song I sang as a kid is about a war
                the ghost on the stairs was the heating pipe
                my watch had been an hour slow all summer
                I learned all this from my brother and not from school
                the two towns on the map are one town
                the old lady never needed help, she wanted company
                I had been typing in the wrong window the whole time
                the star I looked at each night is a tower light
                I sound just like my mother
                the shop has a back door right next to my house
                he was never late, my clock was early
                the picture is upside down in every book
            """,
            "feelings": """
                I just realized that
                it finally clicked
                now it makes sense
                so that's why
                how did I never notice?
                it just hit me
                turns out I had it all wrong
                I see it now
                oh, I get it now
                that explains everything
                it took me years to see it
                it dawned on me only today
            """,
        },
        "dev": {
            "comments": """
                Oh wait, it's a pun. I've been saying it for years and only now noticed.
                It suddenly hit me that nobody in the story has a name.
                Turns out I was holding the map the wrong way up.
                So that is what the tiny pocket is for!
                I realized on the way home that I had known the answer all along.
                Now I understand why grandma kept the broken clock.
                The lyrics are about a dog. I never saw it until you said so.
                It dawned on me today: I'm the oldest person in the office.
                Ah, so the red light means that it's off. That explains it.
            """,
            "events": """
                the dog only limps when someone is watching
                my blue shirt has been green all along
                the man at the bus stop was waiting for me
                the riddle was about a shadow
                I've had the spare key in my pocket since May
                the narrator is the house itself
                I only shout when I am hungry
                the neighbor's twins are one very fast kid
            """,
            "feelings": """
                I have only just figured that out
                suddenly it all fell into place
                ah, so that's it
                I never saw it until now
                looking back, it was so obvious
                the penny has dropped
            """,
        },
        "test": {
            "comments": """
                I just noticed that the villain is in every scene.
                Oh, it's the same actor! How did I not see that?
                Turns out the secret spice was just salt.
                It clicked for me today, the kids copy whatever I do.
                I finally see why people like gardens.
                All those years I thought he was mean, and now I understand that he was deaf.
                Looking at the photos again, I see that she was already leaving.
                It struck me in the shower: the two stories are the same story.
                Ah, the knob turns both ways. Okay, that makes sense now.
            """,
            "events": """
                the sad song is in a major key
                my grandfather had drawn himself into every picture
                the extra noise came from my own shoes
                the first letters of each line spell her name
                my headache comes on the days I skip breakfast
                the two statues are looking at one another
                I was the loud neighbor
                the map was drawn from across the river
            """,
            "feelings": """
                it struck me out of nowhere
                so that was the reason
                I understand now
                it all adds up
                I had never thought of it that way
                ohh, of course
            """,
        },
    },
    "relief": {
        "states": """
            so relieved
            breathing again
            relieved
            finally relaxed
            hugely relieved
            feeling much lighter
        """,
        "train": {
            "comments": """
                Phew, the test came back negative. I can breathe again.
                Thank goodness the kids are safe, I'd been calling for hours.
                Finally over. I slept ten hours straight after that last exam.
                What a weight off my shoulders, the debt is gone.
                The lump is harmless! I cried in the parking lot, in a good way.
                Whew, I caught the last train with five seconds to spare.
                I thought I had lost the ring, but it was in the dishwasher. Phew.
                Glad that's over with, I can put the suit away now.
                They found him, he's cold and hungry but okay. Oh, what a relief.
                My laptop died but the file had saved itself. Thank heavens.
                The fever broke this morning and she asked for toast. We all exhaled.
                I'm relieved that I'm not the only one with this problem.
                Finally some quiet, the builders left today.
                The storm turned at the last minute and missed us. Thank God.
                I told my parents and they just hugged me. Years of worry, gone.
                Phew! It was just the wind.
                The judge dismissed it. I can sleep tonight.
                The dentist said no drilling needed. Best words ever, I felt my shoulders drop.
                We landed. The pilot was calm, I was not, but we landed. Thank goodness.
                So glad that I left that job, it's like taking off tight shoes.
                He called at last, his phone had just run out of power. Phew.
                My cat is back after nine days! Skinny, dirty and safe.
                Okay good, the milk was only spilled on the old carpet.
                The itch is finally gone and I could kiss the doctor.
                Luckily the branch fell right next to the car and not on it.
                I got my passport back an hour before the flight. Whew.
                It's such a comfort to know that it was nothing serious.
                The last box is unpacked. I can finally sit down.
                At last a warm room and dry socks. Ahh.
                Good thing you called, we were so worried. Now I can rest.
            """,
            "events": """
                the scan came back clear
                they found my son asleep in the tree house
                the last exam is behind me
                the fire stopped one street away from us
                my dad is out of surgery and talking
                the backup had all my files
                the strange pain was only a pulled muscle
                we got home before the bridge closed
                the lost dog walked in like nothing had happened
                the rent is paid for the whole year
                the court threw out the case
                my wife landed safely after the storm
                the noise next door stopped for good
                the check cleared on the last day
                the fever went down in the night
                it turns out nobody saw the email
                the doctor said it is nothing to worry about
                my keys were in the other coat
                the power came back before the food went bad
                the exam was moved to next month
            """,
            "feelings": """
                what a relief
                phew
                I can finally breathe
                thank goodness
                I slept like a baby
                that's a load off my mind
                I'm so glad it's over
                my shoulders came down at last
                it could have been so much worse
                I can relax now
                we were so lucky
                at last
            """,
        },
        "dev": {
            "comments": """
                Phew, she only twisted it, nothing is broken.
                I'm so relieved the tumor is benign, we all are.
                The deadline got moved to Monday, I can breathe.
                At last the baby is asleep and the house is still. Ahh.
                Thank goodness you're home, the roads were awful.
                I found the passport under the seat, crisis over.
                It's finally done, signed and out of my hands. I feel so light.
                The lump in my throat went away when I heard his voice on the phone.
                Luckily the fire never reached the barn, all the animals are fine.
            """,
            "events": """
                my sister is out of danger
                the flood stopped at our doorstep
                the police found my car without a scratch
                the test for my kidney came out fine
                my loan got approved at the last minute
                the crying stopped and the baby is asleep
                they caught the man who broke in
                my tooth no longer hurts
            """,
            "feelings": """
                whew, that was close
                I feel ten pounds lighter
                thank heavens
                I let out a long breath
                it's finally over
                I am so relieved
            """,
        },
        "test": {
            "comments": """
                Whew, that was close, the glass landed on the rug.
                Oh thank God, the rash is just from the new soap.
                The bank reversed the charge and I can finally stop worrying.
                Good to know that it happens to others too, that takes a load off.
                The surgery went well, he's awake and asking for his glasses.
                After five hours in line my feet are up at last.
                I checked and the oven was off. Phew.
                Everyone got out of the building. Every single one, thank goodness.
                The engine started on the third try and we all let out our breath.
            """,
            "events": """
                the missing hikers are safe and warm
                the lump was just a bug bite
                my boss was not angry about it after all
                the bill was a mistake and I owe nothing
                we made it down before the avalanche
                the bleeding stopped before the doctor came
                my mother called and she is fine
                the wasps are gone from our roof
            """,
            "feelings": """
                thank God
                that takes a huge weight off me
                now I can rest
                phew, we got lucky
                all that worry is gone
                oh, the relief
            """,
        },
    },
    "remorse": {
        "states": """
            so sorry
            sorry for it
            full of regret
            really ashamed
            really guilty
            truly sorry
        """,
        "train": {
            "comments": """
                I'm so sorry, I should never have said that to you.
                I regret not calling him back that night.
                My bad, I got the dates mixed up. Sorry about that.
                I apologize to everyone here, I was wrong and I was rude.
                I yelled at my kid over a cup of milk and I feel awful.
                Sorry, I didn't mean to hurt anyone with that joke.
                I wish I could take it back. I was young and cruel.
                I left her when she needed me most, and I can't forgive myself.
                It was my fault. I was texting and I hit his bike.
                Forgive me, I read your comment wrong and snapped at you.
                I bullied a boy in school and I think of him every week. I'm sorry, wherever you are.
                I broke my sister's trust for a cheap laugh. The guilt eats at me.
                I should have been there. I chose work, and it was the wrong choice.
                Oops, sorry, I posted that in the wrong thread.
                I regret selling my grandfather's watch more than anything.
                I owe my mother an apology for the whole of my teens.
                I lied to a good man and he found out. I hate what I did.
                Sorry for the late reply, that was careless of me.
                If I could go back, I would have let him win that silly argument. I'm sorry, dad.
                I drank too much and ruined her wedding. I have written her nine letters.
                I feel so guilty for giving the dog away.
                I blamed her for something I did and I never owned up to it.
                I'm ashamed of how I treated the new guy, I'll say sorry on Monday.
                Please accept my apology, I had no right to shout.
                I didn't visit him enough. I was always "too busy". I regret it.
                My deepest apologies, I deleted your file by mistake.
                I cheated and it cost me the best thing I had. Nobody to blame but me.
                I regret every mean word I typed that year.
                I let my team down, it's on me, and I'm sorry.
                I feel terrible, I forgot to feed my friend's fish. All of them.
            """,
            "events": """
                I shouted at my mother on her birthday
                I forgot to pick up my son from school
                I told a secret that was not mine
                I broke my neighbor's window and ran
                I skipped my friend's wedding for a game
                I left the gate open and the dog got out
                I laughed at a kid who could not read
                I lied to my wife about the money
                I sold the ring that my grandmother gave me
                I let my brother take the blame
                I drove home drunk and hit a fence
                I never answered her last letter
                I called my best friend a loser
                I gave the cat the wrong food and she got sick
                I spent the rent on a stupid bet
                I walked away when he asked for help
                I ruined my sister's first book with coffee
                I spread a rumor that was not true
                I was too busy to visit my uncle
                I hurt the one person who stood by me
            """,
            "feelings": """
                I'm so sorry
                it was my fault
                I wish I could take it back
                I feel so guilty
                I should have known better
                I regret it every day
                please forgive me
                I can't forgive myself
                I feel awful about what I did
                I was wrong
                I owe an apology
                the guilt won't go away
            """,
        },
        "dev": {
            "comments": """
                I'm sorry that I laughed, it was wrong and unkind.
                I was a bad son and I know it. How do I make up for that?
                It's my fault that we missed the boat. I'm so sorry, everyone.
                I said something cruel to my wife and now I can't sleep. Full of regret.
                Sorry folks, I spoke too soon and got it wrong.
                I should have listened to her. I think about it daily.
                I stole from my gran when I was ten and the guilt never went away.
                My apologies, I thought you were someone else and I was rude.
                I gave up on him too early, and I'm ashamed of that.
            """,
            "events": """
                I cut my father out of my life over nothing
                I sent a cruel message to the whole team
                I dropped the vase that my host loved
                I promised my kid a day out and went to work
                I took credit for my friend's idea
                I made my little sister cry on purpose
                I crashed the car I had borrowed
                I ignored an old man who asked me the way
            """,
            "feelings": """
                I am deeply sorry
                I'd give anything to undo it
                I hate myself for that
                my sincere apologies
                I regret it so much
                I had no excuse
            """,
        },
        "test": {
            "comments": """
                I apologize, that was a thoughtless thing to write.
                I wish I hadn't sent that email, I hurt a good friend.
                Sorry! I stepped on your paw, old boy, and I feel terrible.
                I never thanked her and now it is too late. I regret that so much.
                I hit my brother when we were kids and he still has the mark. Forgive me.
                The crash was my doing. I think of that family each day.
                I'm sorry for doubting you, you were right all along.
                I took the money and let another man get fired for it. I can't live with that.
                I was wrong about her and I said it in public. I owe her an apology.
            """,
            "events": """
                I left my brother alone at the party
                I used my grandfather's savings and never paid him back
                I blocked my best friend over a dumb joke
                I snapped at the nurse who was helping us
                I cheated in the race and a good kid lost
                I threw out my wife's old letters
                I teased a boy until he changed school
                I hid my friend's mail as a prank and he lost the job
            """,
            "feelings": """
                I apologize for it
                I feel terrible about it now
                I would do it differently if I could
                sorry, it was all on me
                I'm ashamed of myself
                I have to make it right somehow
            """,
        },
    },
    "sadness": {
        "states": """
            so sad
            feeling down
            heartbroken
            lonely
            close to tears
            feeling blue
        """,
        "train": {
            "comments": """
                This made me cry. The old man just wanted someone to talk to.
                I eat lunch alone every day and I'm used to it, but it still hurts.
                She left this morning and the flat feels so empty.
                I feel so sad for that little elephant, all alone in the rain.
                I miss the way we used to talk. Now it's just silence.
                It breaks my heart that nobody came to her party.
                I've been crying on and off since the breakup.
                Some days I just stare at the wall and feel nothing but gray.
                Poor kid, he waited at the window all day and his dad never came.
                My best friend moved away and I don't have anyone to call now.
                That's so sad. He kept every letter and she never wrote one.
                I'm homesick, and the rain makes it worse.
                I cried at the part where the dog stays at the station.
                Sunday evenings make me feel so lonely.
                It hurts to see my old school boarded up and empty.
                My parents are getting divorced and I feel like a small kid again.
                I'm not okay. I smile at work and cry in the car.
                The saddest part is that she thinks it was her own fault.
                I sit in the park and watch other families. It makes me blue.
                He walked out of the game with tears in his eyes, poor guy.
                Winter gets me down, it's dark when I leave and dark when I come home.
                I feel so low lately, even music sounds flat.
                We gave away the last of the baby clothes today. I had a little cry.
                Nobody remembered my birthday, not even my brother.
                Such a sad song, it gets me every time at the second verse.
                I lost touch with all of my friends and it's painful to admit.
                The puppy nobody picked sat at the back of the cage. My heart aches.
                She told me she doesn't love me anymore. I can't stop crying.
                It's depressing how the whole town just emptied out.
                I walked past our old house today and felt like weeping.
            """,
            "events": """
                my best friend moved to the other side of the world
                she packed her bags while I was at work
                nobody came to my table at the party
                the old man next door eats alone each night
                my son stopped holding my hand
                my girlfriend broke up with me over the phone
                the kids at school won't play with her
                I sat by myself at the cinema on my birthday
                our family doesn't talk anymore
                the shelter dog has been waiting for three years
                my dad forgot my name today
                they are tearing down the house I grew up in
                I have nobody to call when something happens
                he cried in the hallway where no one could see
                the swing in our yard has been empty for years
                my marriage ended after twelve years
                my little sister feels unwanted
                the letters I wrote came back unopened
                it has rained since the day she left
                my mother cries when she thinks I am asleep
            """,
            "feelings": """
                it makes me so sad
                I cried
                my heart aches
                it hurts
                I feel so alone
                I can't hold back the tears
                it breaks my heart
                I'm feeling really low
                I just want to lie down and cry
                poor soul
                it left me with a lump in my throat
                everything feels gray
            """,
        },
        "dev": {
            "comments": """
                I'm so lonely since my kids moved out.
                The picture of the empty swing made me tear up.
                It hurts that he forgot me so fast.
                I spent the whole weekend in bed, crying into the pillow.
                Sad to see the old cinema close, we had our first date there.
                He eats his soup alone by the window each night, it breaks my heart.
                I feel down today for no good reason.
                She used to sing, and now she hardly speaks. So sad.
                My little boy asked why he has no friends and I had to turn away.
            """,
            "events": """
                he left and took only his coat
                my daughter spends each break alone
                the party went on and nobody missed me
                my grandfather sits and looks at the sea
                the old horse stands alone in the field
                my friends made plans without me again
                we sold the piano because nobody plays it now
                her kids never visit her
            """,
            "feelings": """
                such a sad thing
                I have tears in my eyes
                it's heartbreaking
                I feel so empty
                I went to bed and wept
                it hurts more than I thought
            """,
        },
        "test": {
            "comments": """
                I cried all the way home on the bus.
                Poor thing, nobody ever taught her how to play.
                It's a gray day and I miss everyone.
                He waited for her letter until the end of the war. So very sad.
                I feel empty since the divorce, the evenings are the worst.
                That lonely whale singing to nobody makes me want to weep.
                My friends have all moved on and I'm still here, feeling blue.
                The last shop in the village shut its doors today, it hurts to see.
                I tried not to cry at the airport and failed.
            """,
            "events": """
                the boy gave his drawing to his dad and got no answer
                my team broke up and we all went home
                our last evening together was a silent one
                the circus bear rocks back and forth all day
                my roommate moved out and left a blank wall
                she keeps his side of the bed made
                nobody in this city knows my name
                my childhood street is all parking lots now
            """,
            "feelings": """
                that is so sad
                I teared up
                the loneliness is the worst part
                my heart is heavy
                I've been low all week
                it makes me want to cry
            """,
        },
    },
    "surprise": {
        "states": """
            shocked
            stunned
            so surprised
            in disbelief
            speechless
            caught off guard
        """,
        "train": {
            "comments": """
                Wow, I did not expect that ending!
                No way! You two went to the same school?
                I can't believe it snowed in June.
                Wait, he is only nineteen? I would have said forty.
                My jaw dropped when she took off the mask.
                Holy cow, that thing can fly?
                I opened the door and forty people jumped out. I almost fell over.
                Really? I had no idea that they were related.
                Who would have thought that the shy kid would be a rock star!
                I'm shocked, I've never seen a score like that in my life.
                OMG, the waiter was my brother from overseas!
                The quiet old lady had a motorbike in the barn the whole time, wow.
                Out of nowhere a deer walked into the shop.
                I honestly didn't see that coming at all.
                What a twist! The dog did it!
                Whoa, the tire just rolled past me on the highway.
                I bought it for a dollar and it's worth nine thousand. I'm stunned.
                She said what? In front of the whole church?
                I was amazed to find a letter with my name on it in a used book.
                Never in my life would I have guessed that he could sing.
                The test says I'm half Greek. Nobody in my family knew!
                I blinked and the whole building was gone. Unbelievable.
                That can't be the same guy, look at the before picture!
                Shocked to see this place open again, I thought it closed for good.
                A surprise visit from my sister, who lives nine thousand miles away. I screamed.
                Wow, that was quick, I only ordered it this morning.
                Unexpected. I thought for sure that he would miss.
                I turned around and there was a camel. In Ohio.
                You're telling me that this is a cake? No way.
                Surprisingly, the cheap one won the test.
            """,
            "events": """
                a deer walked into our kitchen
                my quiet neighbor turned out to be a spy
                the cat can open three kinds of locks
                it snowed here in the middle of July
                my grandmother got a tattoo
                the last place team won the whole cup
                I found a gold coin in my bread
                my brother showed up after ten years abroad
                the old dog learned to skate
                my boss quit in the middle of the meeting and sang
                they gave me a car for being customer one million
                the twins were born in different years
                the picture from the flea market is worth a fortune
                my ex married my teacher
                the baby said a full sentence out of nowhere
                a piano fell off a truck right beside us
                the shy girl from class was on live TV
                my old phone rang after five years in a drawer
                there was a second house under the first one
                he finished the whole marathon backward
            """,
            "feelings": """
                I did not see that coming
                wow
                I can't believe it
                my jaw dropped
                no way!
                who would have thought?
                I'm shocked
                I nearly fell off my chair
                that is unbelievable
                I had to look twice
                what are the odds?
                whoa
            """,
        },
        "dev": {
            "comments": """
                Wow, the last thing I expected in here was a lobster.
                I nearly dropped the phone, they called my number!
                No way, that's the same hat I lost ten years ago!
                I'm stunned that nobody got hurt.
                Who knew the old guy could dance like that?
                He took off his glasses and it was my uncle. My jaw hit the floor.
                What? They got married last night, without telling anyone?
                The goalie scored. The goalie! Unreal.
                I was surprised to learn that bananas are berries.
            """,
            "events": """
                a whale jumped right over the small boat
                my dad shaved off the beard he had for forty years
                the goldfish I won as a kid is still alive
                a total stranger knew my childhood nickname
                my blind date was my own cousin
                the ugly lamp was made of silver
                the entire town turned out at the airport for us
                our math teacher won the dance show
            """,
            "feelings": """
                I never expected that
                I'm still stunned
                wow, just wow
                nobody could have guessed it
                my eyes almost popped out
                is this real?
            """,
        },
        "test": {
            "comments": """
                Whoa, I never saw that coming.
                I can't believe that my boring town is on the news.
                You're kidding, he is her grandfather?
                Out of the blue my old crush sent me a fax. A fax!
                I gasped when the wall opened and there was a second room.
                Shocking result, last place beat first place by thirty points.
                Surprise of the year: my dad likes techno.
                Seriously? It was under my chair all this time? Wow.
                I expected a card and got a goat. I'm speechless.
            """,
            "events": """
                the statue in the park sneezed
                my grandfather was once a pirate radio host
                they found a live crocodile in the city pool
                the worst player on our team scored six times
                the ring I lost at sea came back inside a fish
                my twin was adopted by the family next door
                the cheap wine beat all the famous ones
                a hot air balloon landed in our garden
            """,
            "feelings": """
                it came out of nowhere
                I was speechless
                that's the last thing on earth I expected
                holy cow!
                I had no idea
                I still can't believe my eyes
            """,
        },
    },
    "neutral": {
        "train": {
            "comments": """
                The store opens at nine on weekdays and at ten on Sundays.
                He plays on the left side in most games.
                You can find the form under settings, then account, then export.
                The second season has eight episodes.
                It takes about forty minutes by bus from the station.
                I use the small pan for eggs and the large one for rice.
                They changed the name of the street in the nineties.
                Both models have the same battery.
                She works in the office on Mondays and from home on Fridays.
                The recipe says two cups of flour and one of water.
                My cousin lives in the house next to the school.
                There are three versions of this song on the album.
                The meeting was moved from room two to room five.
                Cut the paper along the dotted line and fold it once.
                This was filmed in a studio near the harbor.
                He said he would be there around six.
                The train stops in four towns before it gets to the coast.
                I have a gray one and a brown one.
                The game has a map with twelve areas.
                They sell it in boxes of ten or twenty.
                The library keeps old newspapers in the basement.
                You need a ticket for each ride.
                The wall is about two meters high.
                It was posted here last month as well.
                My shift is from two to ten.
                The book has around three hundred pages.
                Turn left at the bank, then it is the third door.
                The file is in the shared folder, under March.
                It comes with a charger and a short cable.
                We usually park behind the church.
                The tall one is the father and the other one is the uncle.
                There is a copy of the rules in the sidebar.
                The water boils after about four minutes.
                The shop moved across the road two years ago.
                I wrote the date on the back of the page.
                Most of the players are between twenty and thirty.
                The color is called slate and it comes in matte.
                You add the oil after the salt.
                The form has to be sent in by the end of the month.
                There are two exits, one at each end of the hall.
                The exit is past the gift shop, on the right.
                I usually buy the one with the blue label.
                Part two was posted on Thursday.
                He changed schools in the fourth grade.
                Add the flour first and then the milk.
                The cable goes into the port on the back.
                They moved here from the coast around 1990.
                My train leaves from platform three.
                The sign is at the corner of the two main streets.
                It was a Tuesday, I think, or a Wednesday.
                The app shows the time in both cities.
                We have a round table and six chairs.
                The movie is set in the seventies and was shot in black and white.
                You can rent them by the hour or by the day.
                His office is across from the old fire station.
                The pool is twenty five meters long.
                She has brown hair in the first scene and black hair in the second.
                I keep the spare batteries in the top drawer.
                The bag weighs about two kilos when it is empty.
                There is one in every county.
                The menu is on a board next to the door.
                They switched to the new system in the fall.
                The last digit is a seven, not a one.
                It is pronounced with a long vowel.
                Our team has a game on the ninth and another on the twelfth.
                My desk faces the wall and hers faces the street.
                The paper comes in white and in cream.
                You have to reset it once a year, in January.
                The lake is north of the highway.
                He drives a gray van for work.
                The full list has forty names.
                It was made by the same company that makes the pumps.
                The ferry runs every half hour until nine.
                I wrote the title in pencil and the rest in pen.
                They sat in the third row.
                The bread goes on the lower shelf.
                The old logo had a circle around it.
                It depends on the size of the pot.
                The answer is on the last page of the leaflet.
                There were six of them at the start and four at the end.
                The article mentions two towns and a river.
                My phone is set to the metric system.
                The fabric is half cotton and half wool.
                The gate opens at a quarter to seven.
                The tutorial has five steps, the third one is optional.
                He wore number eleven before he switched to nine.
                The clip is forty seconds long.
                I think that is the north side of the building.
                They deliver on Mondays and Thursdays.
                You need a small screwdriver for the back cover.
            """,
            "events": """
                the shop is open from eight to six
                the second part comes out in March
                the bus stops in front of the school
                the file is in the other folder
                they use the same engine in both cars
                the meeting is on the third floor
                the list goes from A to M
                my brother works in the next town
                the table is two meters long
                the river runs along the old road
                the show has two hosts
                the box holds twelve cups
                the office is closed on Mondays
                the path splits behind the mill
                the song is four minutes long
                most of the seats are on the left side
                the form is printed on yellow paper
                the game was made by a small studio
                the house has a flat roof
                the number is on the back of the card
                the first train leaves at five
                the red line ends at the harbor
                the kitchen is on the ground floor
                the course has six parts
                the tram turns left at the square
                the second photo was taken a day later
                the printer uses plain paper
                the author wrote it under a pen name
                the shelf is ninety centimeters wide
                the store sells shoes and bags
                the bridge has four lanes
                my aunt works at the town hall
                the new model has a bigger screen
                the market is held on Saturdays
                the statue stands in front of the library
                the first chapter is set in a village
                the hall seats two hundred people
                the bag has two side pockets
                the film was shot in three countries
                the road to the lake is paved
                the manual comes in four languages
                the museum is across from the station
                my cousin drives a delivery van
                the soup has carrots and beans in it
                the lamp on the left is the older one
                the company has an office in the harbor
                the pool is next to the gym
                the clock in the kitchen runs on one battery
                the survey has twelve questions
                the radio show starts at seven
                the coat comes in three sizes
                the team trains on Tuesdays
                the school is between two parks
                the picture shows a street in winter
                the plane flies over the north sea
                the fence is painted white
                the app asks for a zip code
                the ferry takes cars and bikes
                the first half is in English
                the paper has a margin on both sides
            """,
            "feelings": """
                the link is in the sidebar
                I checked the date on the page
                there is a table with all the numbers
                it was the same last year
                the details are in the first post
                that is on page four
                it was mentioned in the other thread
                the rest is the same as before
                there are two more in the list
                it says so on the label
                you can look it up under that name
                the date is written below the picture
                the full text is in the first comment
                the same thing is in the user guide
                there is a map of it on the wall
                the second one is a bit longer
                that is the usual order
                the other half is in the next post
            """,
        },
        "dev": {
            "comments": """
                The park closes at sunset in winter.
                It runs on two small batteries.
                The article is from last year and has four pages.
                He was born in a town near the border.
                You can pay by card or in cash.
                The chairs are stacked behind the stage.
                I take the number seven to work.
                Their office is on the second floor, next to the stairs.
                The paint takes six hours to dry.
                The first half was recorded in spring and the rest in fall.
                A full load weighs around nine kilos.
                The bridge was built before the road.
                It is the third link in the description.
                The ticket desk is next to the cloakroom.
                I filled in the first page and left the second one blank.
                It was on channel five at the time.
                The road has two lanes in each direction.
                They use a different font for the headings.
                The jar holds half a liter.
                She moved to the evening class in May.
                Stir it every five minutes.
                My seat was in the back, near the aisle.
                There are nine players on each side.
                The bottle is made of brown glass.
                The paint is in the shed behind the garage.
                He lives two doors down from the pharmacy.
                The talk was recorded in the main hall.
                The plug has three pins.
            """,
            "events": """
                the class meets twice a week
                the photo was taken from the tower
                the store has three floors
                the cable is one meter long
                the author lives in the south
                the wall is made of brick
                the next bus is at ten past four
                the team wears white at home
                the train has eleven cars
                the recipe is for four people
                the garage is behind the house
                the list was updated in June
                the desk has three drawers
                the stream flows under the road
                the page has two columns
                the shop sells tea by weight
                the tower is forty meters tall
                the class is held in room nine
            """,
            "feelings": """
                the times are listed on the site
                it is the one on the right
                that part is in the second chapter
                the address is on the card
                there was a post about it in April
                they have a page with the details
            """,
        },
        "test": {
            "comments": """
                The post office is between the bank and the bakery.
                Each pack has six pens in it.
                He has two brothers and lives in the north.
                The class starts at half past eight.
                Press the round button for three seconds.
                My copy is the second edition.
                The museum has a café on the ground floor.
                They play on grass at home and on clay away.
                The list is in order of date.
                I left the box on the table in the hall.
                The form asks for a name and a street.
                It is a four hour drive with one stop.
                The lamp has a white base and a gray shade.
                The kit comes with two brushes and a cloth.
                The office moved to the top floor in June.
                He was the second of five children.
                I parked on the lower level, next to the lift.
                The chapter starts on page eighty.
                The tiles are square and light gray.
                She takes the tram and then walks for ten minutes.
                You can order it in the bar or at the window.
                The trail begins at the wooden bridge.
                The keyboard has a small light in the corner.
                They play two sets with a break between them.
                The bus terminal is under the mall.
                The form is the same for both years.
                It is about as tall as a door.
                The first edition had a red cover.
            """,
            "events": """
                the clinic is beside the post office
                the course takes nine weeks
                the map is on page six
                the lid fits both pans
                the farm is north of the lake
                the letter was sent on Thursday
                the room has two windows
                the new version has the same name
                the ticket is valid for two hours
                the bench stands beside the pond
                the book has a blue cover
                the parcel weighs two kilos
                the barn is next to the orchard
                the video has three chapters
                the hotel is near the airport
                the key is on the second hook
                the menu has a page for drinks
                the festival is held in August
            """,
            "feelings": """
                the source is linked above
                it is written on the box
                both dates are in the calendar
                that was in the newsletter as well
                the rest is in the appendix
                there is a photo of it on the next page
            """,
        },
    },
}
